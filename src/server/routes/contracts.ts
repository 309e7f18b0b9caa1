// Schemas as others write them: an asset's contract out, a source from a contract, what is compatible with what. Files are those of the project.
import { z } from "zod";
import { act, given, read } from "../route.ts";
import { option } from "./command-words.ts";
import { asset } from "./fields.ts";

const file = z.string().min(1).max(1_000).describe("a file of the project: contracts/sales.odcs.yaml");
const schema = z.string().min(1).max(1_000).describe("a file of the project, or an asset");

export const contractRoutes = [
  read({
    id: "contracts.export",
    summary: "The contract of an asset, as ODCS, JSON Schema or Avro",
    scope: "read",
    input: z.object({ asset, format: z.enum(["odcs", "json-schema", "avro"]).default("odcs") }),
    cli: (input) => ["contract", "export", input.asset, "--format", input.format],
    run: (app, input) => app.contractExport(input),
  }),
  act({
    id: "contracts.import",
    summary: "Writes a source's YAML from a data contract (ODCS), a JSON Schema or an Avro schema",
    scope: "admin",
    input: z.object({
      file,
      table: z.string().exactOptional().describe("of a data contract that has several"),
      path: z.string().exactOptional().describe("the files that the source reads; default: data/NAME.*"),
      name: z.string().exactOptional().describe("of the asset"),
      out: file.exactOptional().describe("where to write it; default: sources/NAME.yaml"),
    }),
    cli: (input) => [
      "contract",
      "import",
      input.file,
      ...option("table", input.table),
      ...option("path", input.path),
      ...option("name", input.name),
      ...option("out", input.out),
    ],
    run: (app, input) => app.contractImport(given(input)),
  }),
  act({
    id: "contracts.check",
    summary: "Says whether a schema is compatible with earlier ones, as a schema registry would; nothing is changed",
    scope: "read",
    input: z.object({
      what: schema,
      against: z.array(schema).min(1).max(100).describe("earlier ones, oldest first"),
      mode: z.string().default("backward").describe("backward, forward, full, each also …Transitive, none"),
    }),
    cli: (input) => ["contract", "check", input.what, ...input.against.flatMap((each) => ["--against", each]), "--mode", input.mode],
    run: (app, input) => app.contractCheck(input),
  }),
] as const;
