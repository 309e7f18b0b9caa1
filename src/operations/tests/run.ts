// One test: its tables are made, its model is built by the code that builds it in a run, and its rows are held against the expected ones.
//   T1. The model's text, its checks and its way of building are those of a run; only the tables that it reads are the test's.
//   T2. What is wrong with the test's own file is an error, with its place; what the model makes of the rows is a failure.
import type { BuildRequest, BuildResult } from "../../load/build-port.ts";
import type { CompiledCheck } from "../../load/check.ts";
import { auditWith } from "../../load/audit.ts";
import { combineErrors, messageOf, MillraceError } from "../../model/errors.ts";
import type { ModelNode, NodeId, TransformNode } from "../../model/graph.ts";
import type { RowsDifference } from "../../model/test-answers.ts";
import { partsNamed } from "../../plan/partitions/space.ts";
import { bindingsOf, typedValues } from "../../sql/parameters.ts";
import { assetView } from "../../sql/publish.ts";
import type { Session } from "../../sql/session.ts";
import { ident } from "../../sql/text.ts";
import { readRowChunks } from "../../sql/values.ts";
import { partitionPart, partitionRequest } from "../partitions/parts.ts";
import { compareRows, type Result } from "./compare.ts";
import { cteQuery } from "./cte.ts";
import { declaredTypes } from "./columns.ts";
import { askedOf, publishExisting } from "./existing.ts";
import { makeTable, showRows } from "./fixture.ts";
import type { Lane } from "./lane.ts";
import type { PreparedTest } from "./prepare.ts";
import type { RowSet } from "./rows.ts";
import type { TestWorld } from "./world.ts";

export interface TestOutcome {
  readonly reasons: readonly string[];
  readonly differences: readonly RowsDifference[];
  /** Of the test's own file. */
  readonly errors: readonly MillraceError[];
  /** Why the model failed, where it was not expected to. */
  readonly failure: MillraceError | undefined;
  readonly notes: readonly string[];
}

/** A test that takes longer is ended. */
const TEST_MS_MAX = 60_000;
const ROWS_MAX = 100_000;
/** Tells tests apart: what two of them build has nothing to do with each other, whatever is remembered of a version. */
let tests = 0;

/** Runs a test. Everything that it finds is in the outcome. */
export async function runTest(world: TestWorld, lane: Lane, prepared: PreparedTest): Promise<TestOutcome> {
  const { spec } = prepared.test;
  const codeHash = `${prepared.node.codeHash}:${(tests += 1)}`;
  const signal = AbortSignal.any([world.workspace.signal, AbortSignal.timeout(TEST_MS_MAX)]);
  try {
    await lane.reset(spec.now ?? null);
    await makeInputs(world, lane, prepared);
    await holdExisting(world, lane, prepared, codeHash);
  } catch (error) {
    if (error instanceof MillraceError) return { ...CLEAN, errors: error.errors.length > 0 ? error.errors : [error] };
    throw error;
  }
  const notes = prepared.empty.map((asset) => `${asset} is not given: it is empty`);
  let built: BuildResult;
  let results: readonly Result[];
  try {
    for (const node of prepared.between)
      await build(world, lane, { prepared, node, checks: settingAside(world, node.id), codeHash, signal });
    built = await build(world, lane, { prepared, node: prepared.node, checks: checksOf(prepared), codeHash, signal });
    results = await readResults(world, lane, prepared);
  } catch (error) {
    if (world.workspace.signal.aborted) throw error;
    const failure = asFailure(prepared.node.id, error);
    return { ...judgeError(prepared, failure), notes };
  }
  if (spec.expectError !== undefined)
    return { ...CLEAN, reasons: [`it was expected to fail with ${JSON.stringify(spec.expectError)}, and did not`], notes };
  return { ...(await judge(lane, prepared, { built, results })), notes: [...notes, ...asideNotes(built)] };
}

const CLEAN = { reasons: [], differences: [], errors: [], failure: undefined, notes: [] } as const satisfies TestOutcome;

async function makeInputs(world: TestWorld, lane: Lane, prepared: PreparedTest): Promise<void> {
  const errors: MillraceError[] = [];
  const texts = [prepared.node, ...prepared.between].flatMap((node) => (node.kind === "model" ? [node.sql.toLowerCase()] : []));
  if (texts.some((text) => text.includes("millrace."))) await lane.addFunctions(world.project);
  const all = [...prepared.given, ...prepared.empty.map((asset): [NodeId, RowSet] => [asset, nothing(prepared)])];
  await lane.warehouse.session(async (session) => {
    const schemas = new Set(
      [prepared.node.id, ...prepared.between.map(({ id }) => id), ...all.map(([id]) => id)].map((id) => id.slice(0, id.indexOf("."))),
    );
    await session.run([...schemas].map((schema) => `create schema if not exists ${ident(schema)}`).join(";\n"));
    for (const [asset, rows] of all) {
      const node = world.graph.nodes.get(asset);
      const spec = node !== undefined && "spec" in node && "columns" in node.spec ? node.spec.columns : undefined;
      const request = { asset, table: assetView(asset), rows, columns: world.columnsOf(asset), declared: declaredTypes(spec) };
      try {
        await makeTable(session, request);
        if (texts.some((text) => text.includes("_millrace"))) await showRows(session, asset);
      } catch (error) {
        if (!(error instanceof MillraceError)) throw error;
        errors.push(...(error.errors.length > 0 ? error.errors : [error]));
      }
    }
  });
  if (errors.length > 0) throw combineErrors("MR1001", errors);
}

/** An interval that is built alone needs something that it is put into. */
async function holdExisting(world: TestWorld, lane: Lane, prepared: PreparedTest, codeHash: string): Promise<void> {
  const { node, test, existing } = prepared;
  const isPart = askedOf(prepared)?.kind !== "whole" && test.spec.start !== undefined;
  if (node.kind !== "model" || (existing === undefined && !(node.spec.materialize === "incremental" && isPart))) return;
  const rows = existing ?? nothing(prepared);
  await publishExisting(lane, { node, rows, columns: world.columnsOf(node.id), codeHash });
}

function nothing({ locate }: PreparedTest): RowSet {
  return { kind: "values", rows: [], columns: [], types: {}, place: () => locate(["model"]) };
}

/** Where the test asks how the checks end, none of them stops the version. */
function checksOf({ checks, test }: PreparedTest): readonly CompiledCheck[] {
  if (test.spec.checks === undefined) return checks;
  return checks.map((check) => (check.onFail === "stop" ? { ...check, onFail: "warn" } : check));
}

function settingAside(world: TestWorld, id: NodeId): readonly CompiledCheck[] {
  return (world.checks.get(id) ?? []).filter(({ onFail }) => onFail === "quarantine");
}

interface BuildStep {
  readonly prepared: PreparedTest;
  readonly node: ModelNode | TransformNode;
  readonly checks: readonly CompiledCheck[];
  readonly codeHash: string;
  readonly signal: AbortSignal;
}

async function build(world: TestWorld, lane: Lane, { prepared, node, checks, codeHash, signal }: BuildStep): Promise<BuildResult> {
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
  if (node.kind === "transform")
    return world.workspace.parts.buildTransform(node, { ...request, projectDir: world.workspace.dir, log: () => {} });
  return world.workspace.parts.buildModel(inMemory(node), { ...request, parameters: parametersFor(world, prepared) });
}

/** A model whose rows are written to files is a table here: a test writes nothing. */
function inMemory(node: ModelNode): ModelNode {
  return node.spec.materialize === "external" ? { ...node, spec: { ...node.spec, materialize: "table" } } : node;
}

function parametersFor({ paramTypes }: TestWorld, { test }: PreparedTest): Readonly<Record<string, unknown>> {
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

function partitionOf(
  world: TestWorld,
  { test, node: own, locate }: PreparedTest,
  node: ModelNode | TransformNode,
): Pick<BuildRequest, "partition"> {
  const { partition } = test.spec;
  const space = world.spaces.get(node.id);
  if (partition === undefined || space === undefined || node !== own) return {};
  try {
    return { partition: partitionRequest(partsNamed(space, partition).map((parts) => partitionPart(space, parts, {}))) };
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    throw new MillraceError({ code: "MR8908", message: error.message, ...hint, location: locate(["partition"]) });
  }
}

async function readResults(world: TestWorld, lane: Lane, prepared: PreparedTest): Promise<readonly Result[]> {
  const { node, cte } = prepared;
  return lane.warehouse.session(async (session) => {
    const results = [await readResult(session, node.id, `select * from ${assetView(node.id)} limit ${ROWS_MAX}`)];
    if (node.kind !== "model") return results;
    for (const name of cte.keys()) results.push(await readResult(session, name, cteQuery(node, name), parametersFor(world, prepared)));
    return results;
  });
}

async function readResult(session: Session, of: string, sql: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<Result> {
  const { values, types } = bindingsOf(sql, parameters);
  const result = await session.connection.stream(sql, values, types);
  const names = result.deduplicatedColumnNames();
  const columns = result.columnTypes().map((type, index) => ({ name: names[index]!, type: type.alias ?? String(type) }));
  const rows: Result["rows"][number][] = [];
  for await (const chunk of readRowChunks(result)) rows.push(...chunk);
  return { of, columns, rows };
}

/** What a model throws when it is built or read. */
function asFailure(model: NodeId, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  if (error instanceof TypeError || error instanceof ReferenceError) throw error; // a bug, not what DuckDB says
  return new MillraceError({ code: "MR4604", message: `${model}: ${messageOf(error).split("\n")[0]}`, cause: error });
}

function judgeError({ test }: PreparedTest, failure: MillraceError): TestOutcome {
  const { expectError } = test.spec;
  if (failure.code.startsWith("MR89")) return { ...CLEAN, errors: [failure] };
  if (expectError === undefined) return { ...CLEAN, reasons: [`it failed: ${failure.message}`], failure };
  const all = [failure, ...failure.errors];
  const isExpected = all.some(({ code, message }) => code === expectError || message.toLowerCase().includes(expectError.toLowerCase()));
  if (isExpected) return CLEAN;
  return {
    ...CLEAN,
    reasons: [`it failed otherwise than with ${JSON.stringify(expectError)}: ${failure.code}: ${failure.message}`],
    failure,
  };
}

async function judge(
  lane: Lane,
  prepared: PreparedTest,
  { built, results }: { readonly built: BuildResult; readonly results: readonly Result[] },
): Promise<TestOutcome> {
  const { spec } = prepared.test;
  const key = prepared.node.kind === "model" ? prepared.node.spec.key : prepared.node.key;
  const keys = key === undefined ? [] : [key].flat();
  const differences: RowsDifference[] = [];
  const errors: MillraceError[] = [];
  const wanted = [prepared.expect, ...prepared.cte.values()];
  await lane.warehouse.session(async (session) => {
    for (const [index, result] of results.entries()) {
      const rows = wanted[index];
      if (rows === undefined) continue;
      try {
        const found = await compareRows(session, result, {
          rows,
          ordered: spec.ordered === true,
          tolerance: spec.tolerance,
          keys: index === 0 ? keys : [],
        });
        if (found !== null) differences.push(found);
      } catch (error) {
        if (!(error instanceof MillraceError)) throw error;
        errors.push(...(error.errors.length > 0 ? error.errors : [error]));
      }
    }
  });
  return { ...CLEAN, reasons: checkReasons(prepared, built), differences, errors };
}

function checkReasons({ test }: PreparedTest, { checks }: BuildResult): readonly string[] {
  const wanted = test.spec.checks?.failing;
  if (wanted === undefined) return [];
  const failing = checks.filter(({ failing: rows }) => rows > 0);
  const extra = failing
    .filter(({ check }) => !wanted.includes(check))
    .map(({ check, failing: rows }) => `the check ${check} fails for ${rows} rows`);
  const absent = wanted
    .filter((name) => !failing.some(({ check }) => check === name))
    .map((name) => `the check ${name} was expected to fail, and does not`);
  return [...extra, ...absent];
}

function asideNotes({ quarantined, filtered = 0 }: BuildResult): readonly string[] {
  return [
    ...(quarantined > 0 ? [`${rowsText(quarantined)} set aside by checks with onFail: quarantine`] : []),
    ...(filtered > 0 ? [`${rowsText(filtered)} left out: they belong to other partitions`] : []),
  ];
}

function rowsText(rows: number): string {
  return rows === 1 ? "1 row was" : `${rows} rows were`;
}
