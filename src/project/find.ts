// Finds the project: the nearest folder upwards with a millrace.yaml or a millrace.config.ts.
import { existsSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { MillraceError } from "../model/errors.ts";

export const PROJECT_FILE = "millrace.yaml";
export const CONFIG_FILE = "millrace.config.ts";

/** Absolute folder of the project. Throws MR1002, with the near miss (millrace.yml …) when there is one. */
export function findProject(startDir: string): string {
  const start = resolve(startDir);
  for (let dir = start; ; dir = dirname(dir)) {
    if (existsSync(join(dir, PROJECT_FILE)) || existsSync(join(dir, CONFIG_FILE))) return dir;
    if (dirname(dir) === dir) break;
  }
  const missed = existsSync(start)
    ? readdirSync(start).find((name) => /^millrace\.(yml|json|toml|config\.(js|mjs|cjs|mts|cts))$/i.test(name))
    : undefined;
  throw new MillraceError({
    code: "MR1002",
    message: existsSync(start) ? `no project in ${start} or a folder above it` : `the folder ${start} is missing`,
    hint:
      missed === undefined
        ? "make one with: millrace init"
        : `rename ${missed} to ${missed.includes("config") ? CONFIG_FILE : PROJECT_FILE}`,
  });
}
