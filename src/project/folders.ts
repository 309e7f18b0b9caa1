// The folders of a project, what is read from each, and what looks as if it were meant to be read but is not.
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { MillraceError } from "../model/errors.ts";
import { walkFolder } from "./walk.ts";

export type FolderName = "sources" | "models" | "macros" | "exports" | "jobs" | "checks" | "tests" | "pipelines" | "components";

const YAML = /\.ya?ml$/i;
const SQL = /\.sql$/i;

/** Which names are definitions, below each folder. Type declarations and tests of pipelines are not loaded. */
export const FOLDERS: Readonly<Record<FolderName, RegExp>> = {
  sources: /\.ya?ml$|^registry\.csv$/i,
  models: /\.sql$|\.ya?ml$|\.[ct]sv$/i,
  macros: SQL,
  exports: YAML,
  jobs: YAML,
  checks: SQL,
  tests: YAML,
  components: YAML,
  pipelines: /(?<!\.d|\.test|\.spec)\.m?ts$/i,
};

/** Endings that are definitions somewhere: here they are in the wrong folder. */
const MISPLACED: Readonly<Record<FolderName, RegExp>> = {
  sources: /\.sql$|\.csv$|\.json$|\.toml$/i,
  models: /\.json$|\.toml$|\.xlsx$/i,
  macros: YAML,
  exports: SQL,
  jobs: /\.sql$|\.json$|\.toml$/i,
  checks: YAML,
  tests: SQL,
  components: SQL,
  pipelines: /\.ya?ml$|\.sql$|(?<!\.config)\.m?js$/i,
};

/** Folders whose names miss by a letter. */
const SINGULAR: Readonly<Record<string, FolderName>> = {
  source: "sources",
  model: "models",
  macro: "macros",
  export: "exports",
  job: "jobs",
  check: "checks",
  pipeline: "pipelines",
  component: "components",
};

/** Warnings MR1032 for files and folders that are not read but look like definitions. */
export function nearMisses(root: string): readonly MillraceError[] {
  const misplaced = (Object.keys(FOLDERS) as FolderName[]).flatMap((folder) =>
    walkFolder(root, folder, () => false)
      .files.filter(({ inner }) => !FOLDERS[folder].test(inner) && MISPLACED[folder].test(inner))
      .map(({ file }) => warn(file, `${file} is not read`, wanted(folder))),
  );
  const folders = readdirSync(root)
    .filter(
      (name) => Object.hasOwn(SINGULAR, name.toLowerCase()) || (Object.hasOwn(FOLDERS, name.toLowerCase()) && name !== name.toLowerCase()),
    )
    .filter((name) => statSync(join(root, name), { throwIfNoEntry: false })?.isDirectory() === true)
    .flatMap((name) => {
      const meant = SINGULAR[name.toLowerCase()] ?? (name.toLowerCase() as FolderName);
      const holds = walkFolder(root, name, () => false).files.some(({ inner }) => FOLDERS[meant].test(inner));
      return holds ? [warn(name, `the folder ${name} is not read`, `did you mean ${JSON.stringify(meant)}?`)] : [];
    });
  return [...misplaced, ...folders];
}

function warn(file: string, message: string, hint: string): MillraceError {
  return new MillraceError({ code: "MR1032", message, location: { file, line: 1, column: 1 }, hint });
}

function wanted(folder: FolderName): string {
  switch (folder) {
    case "models":
      return "a model is a .sql file with front matter, a .yaml file with match, cluster or lookup, or a .csv file; sources are in sources/";
    case "macros":
      return "macros are CREATE MACRO statements in .sql files";
    case "checks":
      return "a check is a .sql file with front matter";
    case "sources":
      return "a source is a .yaml file, or a row of registry.csv; models are in models/";
    case "pipelines":
      return "a pipeline is a .ts file";
    case "exports":
    case "jobs":
    case "tests":
    case "components":
      return "a definition here is a .yaml file";
    default:
      return folder satisfies never;
  }
}
