// Where the real data lies that is never committed. A clone without it runs everything else and says loudly what it could not run.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join, resolve } from "node:path";

const root = resolve(fileURLToPath(import.meta.url), "../..");
/** The folder of all real data; tests that need nothing else lie in test/real/ and are left out where it is missing (vitest.config.ts). */
export const realDataFolder = process.env["MILLRACE_TEST_DATA"] ?? resolve(root, "../shared/data");

/** Path inside the real data, or undefined when it is missing (said in one loud line). */
export function realData(part: string): string | undefined {
  const path = join(realDataFolder, part);
  if (existsSync(path)) return path;
  console.error(`!!! real data "${part}" is missing: its tests do not run here`);
  return undefined;
}
