// `engine:` of models and sources: which engine, which server, and what it cannot do is refused where it is written.
import type { CheckEntry } from "../model/definitions/check.ts";
import { type EngineUse, engineWritten } from "../model/definitions/engine.ts";
import type { ModelSpec } from "../model/definitions/model.ts";
import type { SourceSpec } from "../model/definitions/source.ts";
import { incrementalOf } from "../model/incremental.ts";
import { didYouMean } from "../model/suggest.ts";
import { type Document, valueAt } from "./document.ts";
import { type EngineOptions, type Reader, tell } from "./reader.ts";

export interface EngineFound {
  readonly engine?: EngineUse;
}

interface Asked {
  readonly use: EngineUse;
  readonly can: EngineOptions;
}

/** Keys of a source that say how it is loaded. */
const LOADING = `primaryKey cursor partition load lookback columns names nested contract changedFile lineage deletes pii raw guards`.split(
  " ",
);

export function engineOfModel(
  reader: Reader,
  document: Document,
  { spec, checks }: { readonly spec: ModelSpec; readonly checks: readonly CheckEntry[] },
): EngineFound {
  const asked = askedOf(reader, document, { spec });
  if (asked === undefined) return {};
  const { use, can } = asked;
  const refuse = (key: string, what: string): void =>
    tell(
      reader,
      "MR4664",
      `${what} is not carried out by ${use.name}`,
      document.locate([key]),
      `${use.name} makes ${can.materializations.join(" and ")}; leave engine: out and it is built in the warehouse`,
    );
  if (!can.materializations.includes(spec.materialize)) refuse("materialize", `materialize: ${spec.materialize}`);
  if (spec.partition !== undefined && !can.partitions) refuse("partition", "partition:");
  if (spec.layout !== undefined) refuse("layout", "layout:");
  if (spec.materialize === "incremental") refuseIncremental(reader, document, asked, spec);
  refuseQuarantine(reader, document, asked, checks);
  return { engine: use };
}

/** Ways and settings of incremental models that the engine does not know. */
function refuseIncremental(reader: Reader, document: Document, { use, can: { incremental } }: Asked, spec: ModelSpec): void {
  const how = incrementalOf(spec);
  if (incremental === null) return;
  const refuse = (key: string, what: string, hint: string): void =>
    tell(reader, "MR4664", `${what} is not carried out by ${use.name}`, document.locate(["incremental", key]), hint);
  const there = `${use.name} knows ${incremental.modes.join(" and ")}; leave engine: out and it is built in the warehouse`;
  const mode = spec.incremental?.mode ?? how?.mode;
  if (mode !== undefined && !incremental.modes.includes(mode)) return refuse("mode", `mode: ${mode}`, there);
  for (const [key, value] of Object.entries(spec.incremental ?? {})) {
    if (value === undefined || incremental.settings.includes(key) || (key === "deletes" && value === "delete")) continue;
    const hint = `${use.name} makes again what changed, so that the result is that of a full build: leave ${key}: out`;
    refuse(key, `${key}: of an incremental model`, hint);
  }
}

interface SourceRead {
  readonly spec: SourceSpec;
  readonly checks: readonly CheckEntry[];
  readonly connector: string;
  readonly options: unknown;
}

export function engineOfSource(reader: Reader, document: Document, { spec, checks, connector, options }: SourceRead): EngineFound {
  const own = (options as { readonly connection?: unknown } | null)?.connection;
  const asked = askedOf(reader, document, { spec, ...(typeof own === "string" ? { connection: own } : {}) });
  if (asked === undefined) return {};
  const { use, can } = asked;
  if (connector !== can.connector) {
    tell(reader, "MR4660", `a source of ${connector} does not lie on a server of ${use.name}`, document.locate(["engine"]));
  } else if (own !== use.connection) {
    const hint = `from: { ${connector}: { connection: ${use.connection}, … } }`;
    tell(reader, "MR4660", `its rows are asked for elsewhere than on ${use.connection}`, document.locate(["from", connector]), hint);
  }
  for (const key of LOADING) {
    if (valueAt(document.value, [key]) === undefined) continue;
    tell(reader, "MR4663", `${key}: has no effect on a source that stays where it lies`, document.locate([key], "key"));
  }
  refuseQuarantine(reader, document, asked, checks);
  return { engine: use };
}

function askedOf(
  reader: Reader,
  document: Document,
  { spec, connection }: { readonly spec: Pick<ModelSpec, "engine">; readonly connection?: string },
): Asked | undefined {
  const written = engineWritten(spec.engine);
  if (written === undefined) return undefined;
  const { engines = {} } = reader.options;
  const at = document.locate(["engine"]);
  const can = Object.hasOwn(engines, written.name) ? engines[written.name] : undefined;
  if (can === undefined) {
    const known = ["duckdb", ...Object.keys(engines)];
    tell(reader, "MR4660", `there is no engine ${written.name}`, at, didYouMean(written.name, known) ?? `there are ${known.join(" and ")}`);
    return undefined;
  }
  const connections = Object.entries(reader.config.connections ?? {}).flatMap(([name, each]) =>
    Object.hasOwn(each, can.connector) ? [name] : [],
  );
  const name = written.connection ?? connection ?? (connections.length === 1 ? connections[0] : undefined);
  if (name !== undefined && connections.includes(name)) return { use: { name: written.name, connection: name }, can };
  const listed = connections.length === 0 ? `add one under connections: in millrace.yaml` : `there are ${connections.join(", ")}`;
  const message =
    name === undefined
      ? `which connection of ${can.connector} is meant cannot be told`
      : `there is no connection ${JSON.stringify(name)} of ${can.connector}`;
  tell(reader, "MR4660", message, at, `${listed}: engine: { ${written.name}: { connection: NAME } }`);
  return undefined;
}

function refuseQuarantine(reader: Reader, document: Document, { use, can }: Asked, checks: readonly CheckEntry[]): void {
  if (can.quarantine) return;
  for (const [index, entry] of checks.entries()) {
    if ((entry as { readonly onFail?: unknown }).onFail !== "quarantine") continue;
    tell(
      reader,
      "MR4665",
      `rows are not set aside on ${use.name}`,
      document.locate(["checks", index, "onFail"]),
      "onFail: stop or warn, or build it in the warehouse",
    );
  }
}
