// OpenLineage's own client, as PyPI has it: its classes are made from the specification and take no key that it does not know.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ensurePython } from "./service.ts";

export const OPENLINEAGE = ["openlineage", ["openlineage-python==1.54.0"]] as const;

/** Reads events as JSON lines; makes each one from the classes of the client and says what it found in it. Ends with the first that cannot be made. */
const READER = `
import json, sys
from openlineage.client import event_v2, facet_v2
from openlineage.client.generated import column_lineage_dataset as lineage, schema_dataset as schema, ownership_job

DATASET = {
    "schema": lambda given: schema.SchemaDatasetFacet(fields=[field(each) for each in given.pop("fields")], **given),
    "documentation": lambda given: facet_v2.documentation_dataset.DocumentationDatasetFacet(**given),
    "columnLineage": lambda given: lineage.ColumnLineageDatasetFacet(
        fields={name: lineage.Fields(inputFields=inputs(each.pop("inputFields")), **each) for name, each in given.pop("fields").items()},
        dataset=inputs(given.pop("dataset")), **given),
}
JOB = {
    "jobType": lambda given: facet_v2.job_type_job.JobTypeJobFacet(**given),
    "sql": lambda given: facet_v2.sql_job.SQLJobFacet(**given),
    "documentation": lambda given: facet_v2.documentation_job.DocumentationJobFacet(**given),
    "ownership": lambda given: ownership_job.OwnershipJobFacet(owners=[ownership_job.Owner(**each) for each in given.pop("owners")], **given),
}

def field(given):
    return schema.SchemaDatasetFacetFields(fields=[field(each) for each in given.pop("fields", [])], **given)

def inputs(given):
    return [lineage.InputField(transformations=[lineage.Transformation(**each) for each in one.pop("transformations")], **one) for one in given]

def facet(makers, name, given):
    told = given.pop("_schemaURL")
    made = makers[name]({key: value for key, value in given.items() if key != "_producer"})
    assert told == made._schemaURL, (name, told, made._schemaURL)
    assert given["_producer"], name
    return made

def dataset(kind, given):
    facets = {name: facet(DATASET, name, each) for name, each in given.pop("facets", {}).items()}
    return kind(facets=facets, **given)

for line in sys.stdin:
    given = json.loads(line)
    assert given.pop("schemaURL") == event_v2.JobEvent._get_schema()
    job = given.pop("job")
    job_facets = {name: facet(JOB, name, each) for name, each in job.pop("facets", {}).items()}
    event = event_v2.JobEvent(
        job=event_v2.Job(facets=job_facets, **job),
        inputs=[dataset(event_v2.InputDataset, each) for each in given.pop("inputs")],
        outputs=[dataset(event_v2.OutputDataset, each) for each in given.pop("outputs")],
        **given)
    known = {(each.namespace, each.name): {one.name for one in each.facets["schema"].fields} for each in event.inputs if "schema" in each.facets}
    for output in event.outputs:
        columns = {one.name for one in output.facets["schema"].fields}
        facets = output.facets.get("columnLineage")
        for name, each in (facets.fields if facets else {}).items():
            assert name in columns, name
            for one in each.inputFields:
                assert one.field in known[(one.namespace, one.name)], one
                for way in one.transformations:
                    assert way.type in ("DIRECT", "INDIRECT"), way
    print(json.dumps({"job": event.job.name, "inputs": [each.name for each in event.inputs], "outputs": [each.name for each in event.outputs]}))
`;

/** What the client understood of each event. Throws with what it said. */
export function readByOpenLineage(events: string): readonly Readonly<Record<string, unknown>>[] {
  const python = join(ensurePython(...OPENLINEAGE), "python");
  const { status, stdout, stderr } = spawnSync(python, ["-c", READER], { input: events, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
