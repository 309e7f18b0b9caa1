// The model of a test is built: by the code of a run, or quickly where that comes to the same.
//   B1. Quickly: a model whose query compiles is made by the statements that a run makes it by, and its checks set rows aside as in a run; what is left
//       out is what only a warehouse needs (fences, versions, publication). A test that does not pass is run again by the code of a run.
//   B2. Nothing is written outside of memory.
import { auditLive, auditTable, auditWith } from "../../load/audit.ts";
import type { BuildRequest, BuildResult } from "../../load/build-port.ts";
import type { CompiledCheck } from "../../load/check.ts";
import { MillraceError } from "../../model/errors.ts";
import { incrementalOf } from "../../model/incremental.ts";
import type { ModelNode, TransformNode } from "../../model/graph.ts";
import { partsNamed } from "../../plan/partitions/space.ts";
import { bindingsOf, typedValues } from "../../sql/parameters.ts";
import { assetView } from "../../sql/ledger/publish.ts";
import { interruptible, type Session, type Transaction } from "../../sql/session.ts";
import { partitionPart, partitionRequest } from "../partitions/parts.ts";
import { askedOf, isHolding } from "./existing.ts";
import { installFunctions } from "../functions/install.ts";
import type { Lane } from "./lane.ts";
import type { PreparedTest } from "./prepare.ts";
import type { TestWorld } from "./world.ts";

export interface TestBuild {
  readonly world: TestWorld;
  readonly lane: Lane;
  readonly prepared: PreparedTest;
  /** Another for each test. */
  readonly codeHash: string;
  readonly signal: AbortSignal;
}

export type Built = Pick<BuildResult, "quarantined" | "filtered" | "checks">;

/** Builds what lies between the given rows and the model, then the model. @throws what a run throws. */
export async function buildModels(build: TestBuild, way: "quick" | "run"): Promise<Built> {
  const { prepared, world, lane } = build;
  const steps = [
    ...prepared.between.map((node) => ({ node, checks: settingAside(world, node) })),
    { node: prepared.node, checks: checksOf(prepared) },
  ];
  let built: Built | undefined;
  const hasOwn = world.project.macros.length + world.project.functions.length > 0;
  for (const { node, checks } of steps) {
    if (hasOwn) await installFunctions(world.project, lane.warehouse, { around: lane.atItsMoment });
    if (way === "run") {
      lane.leaves("ledger");
      built = await asInRun(build, node, checks);
    } else if (node.kind === "model") built = await quickly(build, node, checks);
  }
  return built!;
}

/** B1: may the test be tried quickly? */
export function isQuick(world: TestWorld, { node, between, test, existing }: PreparedTest): boolean {
  const { expectError, partition, checks, ordered } = test.spec;
  if (expectError !== undefined || partition !== undefined) return false;
  // A build that finds the rows that are there leaves them in their order, and checks judge what it made apart from what stands.
  const isPlain = checks === undefined && ordered !== true && Object.keys(existing?.types ?? {}).length === 0;
  return [node, ...between].every((each) => {
    if (each.kind !== "model" || (world.compilation.models.get(each.id)?.columns ?? null) === null) return false;
    if (!isHistoric(each)) return each.spec.materialize !== "incremental";
    const isWhole = each === node || incrementalOf(each.spec)?.mode !== "time";
    return isPlain && isWhole && each.spec.layout === undefined && !each.sql.toLowerCase().includes("_millrace");
  });
}

/** Does what it holds matter to what it is made into? Aggregates that are kept by their changes are left to the code of a run. */
function isHistoric({ spec }: ModelNode): boolean {
  return spec.materialize === "snapshot" || (spec.materialize === "incremental" && incrementalOf(spec) !== undefined);
}

/** Where the test asks how the checks end, none of them stops the version. */
function checksOf({ checks, test }: PreparedTest): readonly CompiledCheck[] {
  if (test.spec.checks === undefined) return checks;
  return checks.map((check) => (check.onFail === "stop" ? { ...check, onFail: "warn" } : check));
}

function settingAside(world: TestWorld, { id }: { readonly id: string }): readonly CompiledCheck[] {
  return (world.checks.get(id) ?? []).filter(({ onFail }) => onFail === "quarantine");
}

async function quickly(build: TestBuild, node: ModelNode, checks: readonly CompiledCheck[]): Promise<Built> {
  const { lane, signal } = build;
  const make = isHistoric(node) ? makeHistory : makeAtOnce;
  if (checks.length === 0) {
    await lane.warehouse.session((session) => interruptible(session, signal, () => make(build, node, session, () => Promise.resolve())));
    return { quarantined: 0, checks: [] };
  }
  lane.leaves("ledger");
  return lane.warehouse.transaction((tx) => interruptible(tx, signal, () => audited(build, node, { tx, checks })));
}

/** Takes rows out of a table. */
type Aside = (table: string) => Promise<void>;

async function audited(
  build: TestBuild,
  node: ModelNode,
  { tx, checks }: { readonly tx: Transaction; readonly checks: readonly CompiledCheck[] },
): Promise<Built> {
  const { codeHash } = build;
  if (node.spec.materialize === "view") {
    await makeAtOnce(build, node, tx);
    return { quarantined: 0, checks: await auditLive(tx, node.id, null, checks) };
  }
  let built: Built = { quarantined: 0, checks: [] };
  const aside: Aside = async (table) => {
    const { results, quarantinedRows } = await auditTable(
      tx,
      { asset: node.id, table, load: codeHash, run: codeHash, physical: "" },
      checks,
    );
    built = { quarantined: quarantinedRows, checks: results };
  };
  if (isHistoric(node)) await makeHistory(build, node, tx, aside);
  else {
    await makeAtOnce(build, node, tx);
    await aside(assetView(node.id));
  }
  return built;
}

async function makeAtOnce({ world, prepared }: TestBuild, node: ModelNode, session: Session): Promise<void> {
  const text = `create ${node.spec.materialize === "view" ? "view" : "table"} ${assetView(node.id)} as\n${node.sql}`;
  const { values, types } = bindingsOf(node.sql, parametersFor(world, prepared));
  await (Object.keys(values).length > 0 ? session.connection.run(text, values, types) : session.connection.run(text));
}

async function makeHistory({ world, prepared }: TestBuild, node: ModelNode, session: Session, aside: Aside): Promise<void> {
  await world.workspace.parts.buildPlain(session, node, {
    parameters: parametersFor(world, prepared),
    table: assetView(node.id),
    holds: node === prepared.node && isHolding(prepared),
    columns: world.columnsOf(node.id) ?? [],
    asked: (node === prepared.node ? askedOf(prepared) : undefined) ?? { kind: "whole" },
    aside,
  });
}

function asInRun(build: TestBuild, node: ModelNode | TransformNode, checks: readonly CompiledCheck[]): Promise<BuildResult> {
  const { world, lane, prepared, codeHash, signal } = build;
  const asked = node === prepared.node ? askedOf(prepared) : undefined;
  const request: BuildRequest = {
    warehouse: lane.warehouse,
    token: { run: codeHash, node: node.id, attempt: 1 },
    codeHash,
    inputs: Object.fromEntries((world.graph.reads.get(node.id) ?? []).map((id) => [id, "given"])),
    checks,
    audit: auditWith(checks),
    fullRefresh: false,
    signal,
    ...partitionOf(world, prepared, node),
    ...(asked === undefined ? {} : { asked }),
  };
  const { parts, dir } = world.workspace;
  if (node.kind === "transform") {
    const { isolation, ...inline } = node; // a clock is told in this thread only
    const isTold = prepared.test.spec.now !== undefined || isolation === undefined;
    const own = isTold ? inline : node;
    return lane.atItsMoment(() => parts.buildTransform(own, { ...request, projectDir: dir, log: () => {} }));
  }
  return parts.buildModel(inMemory(node), { ...request, parameters: parametersFor(world, prepared) });
}

/** B2: a model whose rows are written to files is a table here. */
function inMemory(node: ModelNode): ModelNode {
  return node.spec.materialize === "external" ? { ...node, spec: { ...node.spec, materialize: "table" } } : node;
}

/** What the model's parameters are. */
export function parametersFor({ paramTypes }: TestWorld, { test }: PreparedTest): Readonly<Record<string, unknown>> {
  const { now, start, end, partition, params = {} } = test.spec;
  const texts = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)]));
  return {
    now: now === undefined ? new Date() : new Date(now),
    ...(start === undefined ? {} : { start: new Date(start) }),
    ...(end === undefined ? {} : { end: new Date(end) }),
    ...(partition === undefined ? {} : { partition }),
    param: typedValues(paramTypes, texts),
  };
}

function partitionOf(world: TestWorld, prepared: PreparedTest, node: ModelNode | TransformNode): Pick<BuildRequest, "partition"> {
  const { partition } = prepared.test.spec;
  const space = world.spaces.get(node.id);
  if (partition === undefined || space === undefined || node !== prepared.node) return {};
  try {
    return { partition: partitionRequest(partsNamed(space, partition).map((parts) => partitionPart(space, parts, {}))) };
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    throw new MillraceError({ code: "MR8908", message: error.message, ...hint, location: prepared.locate(["partition"]) });
  }
}
