// `millrace init`: writes a new project. What is there already is never changed.
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { MillraceError, messageOf } from "../model/errors.ts";
import { matchFiles } from "../platform/glob.ts";
import type { Moved, MoveNote } from "./migrate/move.ts";
import { emptyFiles, type Files, filesProject, starterFiles } from "./starter.ts";
import { hintFor } from "./validate.ts";

export const TEMPLATES = ["starter", "empty"] as const;
/** Sources that `--from csv:GLOB` makes at most. */
const SOURCES_MAX = 1_000;

export interface InitOptions {
  /** `starter` or `empty`. */
  readonly template: string;
  /** Write into a folder that is not empty; files that exist are kept. */
  readonly force: boolean;
  /** In place of a template: `csv:GLOB`, a source for each file that matches; `dbt:DIR` and `sqlmesh:DIR`, a project of another tool. Relative to `cwd`. */
  readonly from?: string;
  /** Default: the working directory of the process. */
  readonly cwd?: string;
}

export interface InitResult {
  /** Absolute. */
  readonly dir: string;
  /** Written, relative to the folder. */
  readonly files: readonly string[];
  /** Not written, since they were there. */
  readonly kept: readonly string[];
  /** What could not be turned, where it stands in the project that was moved. */
  readonly notes: readonly MoveNote[];
}

/** Makes the folder and its files. Throws MR1070 when it is not empty, MR1071, MR1072. */
export async function initProject(dir: string, options: InitOptions): Promise<InitResult> {
  const root = resolve(dir);
  if (existsSync(root) && !statSync(root).isDirectory()) throw new MillraceError({ code: "MR1072", message: `${dir} is a file` });
  const there = existsSync(root) ? readdirSync(root).filter((name) => name !== ".git" && name !== ".DS_Store") : [];
  if (there.length > 0 && !options.force && options.from === undefined) {
    const message = `${dir} is not empty: ${there.slice(0, 3).join(", ")}${there.length > 3 ? ", …" : ""}`;
    throw new MillraceError({ code: "MR1070", message, hint: "choose another folder, or say --yes: files that exist are kept" });
  }
  const { files, notes } =
    options.from === undefined
      ? { files: templateFiles(options.template, projectName(root)), notes: [] }
      : await filesFrom(root, options.from, options.cwd ?? process.cwd());
  const written: string[] = [];
  const kept: string[] = [];
  for (const [name, text] of Object.entries(files)) {
    const path = join(root, name);
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text, { flag: "wx" });
      written.push(name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || !existsSync(path)) {
        throw new MillraceError({ code: "MR1072", message: `${join(dir, name)} cannot be written: ${messageOf(error)}`, cause: error });
      }
      kept.push(name);
    }
  }
  return { dir: root, files: written, kept, notes };
}

function templateFiles(template: string, name: string): Files {
  switch (template) {
    case "starter":
      return starterFiles(name);
    case "empty":
      return emptyFiles(name);
    default: {
      const hint = hintFor(template, TEMPLATES, "templates");
      throw new MillraceError({
        code: "MR1071",
        message: `there is no template ${JSON.stringify(template)}`,
        ...(hint === undefined ? {} : { hint }),
      });
    }
  }
}

async function filesFrom(root: string, from: string, cwd: string): Promise<Moved> {
  const [, kind, what = ""] = /^(\w+):(.+)$/.exec(from) ?? [];
  switch (kind) {
    case "csv":
    case "files":
      return { files: await filesOfPattern(root, what, cwd), notes: [] };
    case "dbt":
      return (await import("./migrate/dbt/index.ts")).fromDbt(resolve(cwd, what), root);
    case "sqlmesh":
      return (await import("./migrate/sqlmesh/index.ts")).fromSqlmesh(resolve(cwd, what), root);
    default:
      throw new MillraceError({
        code: "MR1071",
        message: `--from ${from.replace(":", " ")} is not understood`,
        hint: 'write --from dbt DIR, --from sqlmesh DIR, or --from csv "data/*.csv"',
      });
  }
}

async function filesOfPattern(root: string, pattern: string, cwd: string): Promise<Files> {
  const paths = (await matchFiles(cwd, pattern)).map((path) => relative(root, resolve(cwd, path)).replaceAll("\\", "/"));
  if (paths.length === 0)
    throw new MillraceError({ code: "MR1071", message: `no file matches ${pattern}`, hint: `the pattern is relative to ${cwd}` });
  const taken = new Set<string>();
  const sources = paths.slice(0, SOURCES_MAX).map((path) => ({ name: freeName(path, taken), path }));
  return filesProject(projectName(root), sources);
}

/** A name for the asset of a file, made of what can stand in a name. */
function freeName(path: string, taken: Set<string>): string {
  const plain = basename(path)
    .toLowerCase()
    .replace(/\..*$/, "")
    .replaceAll(/[^a-z0-9_]+/g, "_")
    .replaceAll(/^_+|_+$/g, "")
    .slice(0, 50);
  const name = plain === "" ? "data" : /^\d/.test(plain) ? `_${plain}` : plain;
  let free = name;
  for (let number = 2; taken.has(free); number++) free = `${name}_${number}`;
  taken.add(free);
  return free;
}

/** The folder's name as plain text that needs no quotes in YAML. */
function projectName(root: string): string {
  const plain = basename(root)
    .normalize("NFC")
    .replaceAll(/[^\p{L}\p{N}_-]+/gu, "-")
    .replaceAll(/^[-_]+|-+$/g, "");
  return /^\p{L}/u.test(plain) && !/^(true|false|null|yes|no)$/i.test(plain) ? plain : `data-${plain}`.replace(/-+$/, "");
}
