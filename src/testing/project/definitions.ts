// The project of a simulation: a folder as `millrace` reads it, or definitions made in the test itself.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Definition } from "../../model/define.ts";
import type { ProjectSpec } from "../../model/definitions/project.ts";
import { combineErrors } from "../../model/errors.ts";
import { findProject } from "../../project/find.ts";
import { readProject } from "../../project/read.ts";
import type { Project } from "../../project/reader.ts";

/** What `defineJob`, `defineAsset` and `defineTask` made, under their names or as a list, with the settings of millrace.yaml that matter. */
export interface Definitions {
  readonly definitions: readonly Definition[] | Readonly<Record<string, Definition>>;
  /** Keys of millrace.yaml: `timezone`, `calendars`, `pools`, `defaults` … */
  readonly config?: ProjectSpec;
}

/** @throws all errors of the project in one. */
export async function openProject(given: string | Definitions): Promise<Project> {
  const project = typeof given === "string" ? await readProject(findProject(given), { env: process.env }) : await readDefinitions(given);
  if (project.errors.length > 0) throw combineErrors("MR1001", project.errors);
  return project;
}

async function readDefinitions({ definitions, config = {} }: Definitions): Promise<Project> {
  const exports = Object.fromEntries(Object.entries(definitions).map(([name, definition]) => [`definition_${name}`, definition]));
  const dir = mkdtempSync(join(tmpdir(), "millrace-simulation-"));
  try {
    writeFileSync(join(dir, "millrace.yaml"), JSON.stringify(config)); // JSON is YAML
    return await readProject(dir, { modules: [{ file: "pipelines/simulated.ts", text: "", hash: "", exports }] });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
