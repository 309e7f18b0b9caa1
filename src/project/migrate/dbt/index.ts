// `millrace init --from dbt DIR`: a dbt project as a project of Millrace. What cannot be turned is a note with its file and line.
import { resolve } from "node:path";
import { Move, type Moved, yaml } from "../move.ts";
import { moveModels } from "./models.ts";
import { readDbtProject } from "./read.ts";
import { moveSnapshots } from "./snapshots.ts";
import { moveSeeds, moveSources } from "./tables.ts";
import { moveSingularTests, moveUnitTests } from "./tests.ts";
import { openWorld } from "./world.ts";

/** Entries of properties files that have no counterpart. */
const LEFT_OUT = new Set(["exposures", "metrics", "semantic_models"]);

/** @throws MR9101 no dbt project, MR9102 its settings cannot be read. */
export async function fromDbt(dir: string, target: string): Promise<Moved> {
  const project = await readDbtProject(resolve(dir));
  const move = new Move();
  for (const { file, line, message } of project.broken) move.note({ file, line }, `cannot be read: ${message}`);
  const world = await openWorld(project, move);
  moveSeeds(world);
  moveModels(world);
  moveSnapshots(world);
  moveSingularTests(world);
  moveUnitTests(world);
  const connections = moveSources(world, resolve(target));
  move.add("millrace.yaml", yaml({ name: project.name.replaceAll("_", "-"), connections }), { file: "dbt_project.yml", line: 1 });
  for (const { kind, values, file, line } of project.properties)
    if (LEFT_OUT.has(kind))
      move.note({ file, line }, `${kind.replaceAll("_", " ").replace(/s$/, "")} ${String(values["name"])} was left out`);
  for (const { path } of project.analyses) move.note({ file: path, line: 1 }, "an analysis is no asset and was left out");
  for (const key of ["on-run-start", "on-run-end"])
    if (project.settings[key] !== undefined)
      move.note({ file: "dbt_project.yml", line: 1 }, `${key} was left out; tasks of a job can do it`);
  return move.done();
}
