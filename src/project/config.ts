// millrace.yaml, or millrace.config.ts with the same keys.
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { type ProjectSpec, projectSpec } from "../model/definitions/project.ts";
import { MillraceError } from "../model/errors.ts";
import type { DefinitionCache } from "./cache.ts";
import type { Document, Path } from "./document.ts";
import { CONFIG_FILE, PROJECT_FILE } from "./find.ts";
import { type ModuleLoader, placeOfExport } from "./modules.ts";
import { readDocument } from "./reader.ts";
import { readText } from "./text-file.ts";
import { validate } from "./validate.ts";

export interface ConfigFound {
  readonly configFile: string;
  readonly config: ProjectSpec;
  /** Undefined when the file could not be read at all. */
  readonly document: Document | undefined;
}

export interface ConfigRequest {
  readonly dir: string;
  readonly cache: DefinitionCache;
  readonly errors: MillraceError[];
  readonly env: Readonly<Record<string, string | undefined>> | undefined;
  readonly loader: () => Promise<ModuleLoader>;
}

/** Reads the project's own settings; what is wrong is told and stands for nothing set. Throws MR1002 when there are none. */
export async function readConfig(request: ConfigRequest): Promise<ConfigFound> {
  const { dir, errors } = request;
  const [yaml, typescript] = [PROJECT_FILE, CONFIG_FILE].map((file) => existsSync(join(dir, file)));
  if (!yaml && !typescript)
    throw new MillraceError({ code: "MR1002", message: `no ${PROJECT_FILE} in ${dir}`, hint: "make one with: millrace init" });
  if (yaml && typescript) {
    errors.push(
      new MillraceError({
        code: "MR1008",
        message: `${PROJECT_FILE} and ${CONFIG_FILE} are both there`,
        location: { file: CONFIG_FILE, line: 1, column: 1 },
        hint: "keep one of them",
      }),
    );
  }
  const configFile = yaml ? PROJECT_FILE : CONFIG_FILE;
  const document = await attempt(errors, () => (yaml ? yamlConfig(request) : moduleConfig(request)));
  if (document === undefined) return { configFile, config: {}, document };
  const read = validate({ schema: projectSpec, document, ...(request.env === undefined ? {} : { env: request.env }) });
  errors.push(...read.errors);
  const config = read.value ?? {};
  notYet(config, document, errors);
  return { configFile, config, document };
}

/** The project's name: what it says, else its folder's. */
export function projectName(config: ProjectSpec, dir: string): string {
  return config.name ?? (basename(dir) || "project");
}

function yamlConfig({ dir, cache, errors }: ConfigRequest): Document | undefined {
  const text = readText(join(dir, PROJECT_FILE), PROJECT_FILE);
  const document = readDocument({ cache, errors }, { file: PROJECT_FILE, text, start: 0, end: text.length });
  // A file with nothing in it is a project with nothing set.
  return document?.value === null ? { ...document, value: {} } : document;
}

async function moduleConfig({ dir, loader }: ConfigRequest): Promise<Document> {
  const text = readText(join(dir, CONFIG_FILE), CONFIG_FILE);
  const exports = await (await loader()).load(CONFIG_FILE);
  const value = exports["default"];
  const locate = (path: Path): ReturnType<Document["locate"]> => {
    const key = path.findLast((part) => typeof part === "string" && /^\w+$/.test(part));
    return placeOfExport(CONFIG_FILE, text, "default", key === undefined ? undefined : String(key));
  };
  if (typeof value !== "object" || value === null) {
    throw new MillraceError({
      code: "MR1062",
      message: `${CONFIG_FILE} has no default export`,
      location: { file: CONFIG_FILE, line: 1, column: 1 },
      hint: "export default { name: … }",
    });
  }
  return { file: CONFIG_FILE, text, value: Object.fromEntries(Object.entries(value)), locate };
}

/** Settings that the format has and this version does not carry out are refused, not ignored. */
function notYet(config: ProjectSpec, document: Document, errors: MillraceError[]): void {
  const refuse = (path: Path, what: string, hint: string): void => {
    errors.push(
      new MillraceError({
        code: "MR1046",
        message: `${what} is not carried out by this version`,
        location: document.locate(path, "key"),
        hint,
      }),
    );
  };
  for (const key of Object.keys(config.warehouse ?? {}))
    if (key !== "duckdb") refuse(["warehouse", key], `warehouse: ${key}`, "this version knows duckdb");
}

async function attempt<Result>(errors: MillraceError[], work: () => Result | Promise<Result>): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    errors.push(error);
    return undefined;
  }
}
