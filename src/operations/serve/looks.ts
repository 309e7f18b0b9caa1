// What a sensor sees, by its kind: the first value of a query, what a function of pipelines/ answers, what an address answers.
import { MillraceError } from "../../model/errors.ts";
import { JOB_LIMITS } from "../../model/job-events.ts";
import type { JsonValue } from "../../model/answers.ts";
import type { Row } from "../../model/define.ts";
import type { SensorAnswer, SensorFunction } from "../../model/sensor.ts";
import { resolvePlaceholders } from "../../project/placeholders.ts";
import type { Workspace } from "../workspace.ts";
import type { ServeParts } from "./parts.ts";
import type { ServedSensor, Sight } from "./sensors.ts";

const NOTHING: Sight = { seen: null, item: null };

export interface LookContext {
  readonly signal: AbortSignal;
  readonly parts: Pick<ServeParts, "http" | "httpStatus">;
  readonly holdsWarehouse: () => boolean;
}

/** Undefined when the warehouse is needed and not held. @throws what the query, the function or the address fails with. */
export async function lookAt(workspace: Workspace, { options, file }: ServedSensor, context: LookContext): Promise<Sight | undefined> {
  if (options.sql !== undefined) return context.holdsWarehouse() ? firstValue(workspace, options.sql) : undefined;
  if (options.typescript !== undefined) return byFunction(workspace, options.typescript, context);
  if (options.http !== undefined) return byAddress(workspace, options.http, context);
  throw new MillraceError({ code: "MR8104", message: `${file}: the sensor says neither sql, typescript nor http` });
}

async function firstValue(workspace: Workspace, sql: string): Promise<Sight> {
  for await (const rows of queryRows(workspace, sql)) {
    const [row] = rows;
    if (row === undefined) continue;
    const [value] = Object.values(row) as JsonValue[];
    return sightOf(value as SensorAnswer, { ...(row as Record<string, JsonValue>), value: value ?? null });
  }
  return NOTHING;
}

async function* queryRows(workspace: Workspace, sql: string): AsyncGenerator<readonly Row[]> {
  const [{ runQuery }, warehouse] = await Promise.all([import("../assets/query.ts"), workspace.warehouse()]);
  let names: readonly string[] = [];
  const batches: Row[][] = [];
  await runQuery(warehouse, sql, (part) => {
    if ("columns" in part) names = part.columns.map(({ name }) => name);
    else batches.push(part.rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index]]))));
  });
  yield* batches;
}

async function byFunction(workspace: Workspace, reference: string, { signal, parts }: LookContext): Promise<Sight> {
  const [module = "", exportName = "default"] = reference.split("#", 2);
  const { loadDefinition } = await import("../../project/modules.ts");
  const file = module.startsWith("pipelines/") ? module : `pipelines/${module}`;
  const look = await loadDefinition(workspace.dir, file, exportName);
  if (typeof look !== "function") throw new MillraceError({ code: "MR8104", message: `${reference} is no function` });
  const log = Object.assign(() => {}, { info: () => {}, warn: () => {} });
  const answer = await (look as SensorFunction)({
    http: await parts.http({ signal, log: () => {} }),
    query: (sql) => queryRows(workspace, sql),
    signal,
    log,
    projectDir: workspace.dir,
  });
  return sightOf(answer, typeof answer === "object" && answer !== null ? answer : { value: answer ?? null });
}

/** `http: URL`, or `{ url, path, … }` with the options of an http source; `path` is that of the value in the body. */
async function byAddress(
  workspace: Workspace,
  written: string | Readonly<Record<string, unknown>>,
  { signal, parts }: LookContext,
): Promise<Sight> {
  const values = { env: process.env, secrets: workspace.secrets(), params: {} };
  const resolved = resolvePlaceholders(typeof written === "string" ? { url: written } : written, values, {
    onSecret: (secret) => workspace.useSecret(secret),
  });
  const { url, path, ...options } = resolved as { readonly url: string; readonly path?: string };
  const http = await parts.http({ signal, log: () => {} });
  let body: unknown;
  try {
    body = await http.get(url, { attempts: 1, ...options });
  } catch (thrown) {
    if ((await parts.httpStatus(thrown)) === 404) return NOTHING; // it is not there yet
    throw thrown;
  }
  const value = path === undefined ? true : valueAt(body, path);
  return sightOf(value as SensorAnswer, { value: value as JsonValue });
}

/** False, zero, null and empty do not hold. */
function sightOf(answer: SensorAnswer, item: JsonValue): Sight {
  if (answer === false || answer === null || answer === undefined || answer === 0 || answer === "" || answer === "0") return NOTHING;
  const seen = typeof answer === "object" ? (answer.key ?? JSON.stringify(answer)) : String(answer);
  const small = Buffer.byteLength(JSON.stringify(item)) <= JOB_LIMITS.itemBytes;
  return { seen: seen.slice(0, JOB_LIMITS.keyChars), item: small ? item : { seen: seen.slice(0, JOB_LIMITS.keyChars) } };
}

function valueAt(body: unknown, path: string): unknown {
  let value = body;
  for (const name of path
    .replace(/^\$\.?/, "")
    .split(".")
    .filter((part) => part !== ""))
    value = typeof value === "object" && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
  return value;
}
