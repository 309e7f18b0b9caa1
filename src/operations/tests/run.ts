// One test: its tables are made, its model is built by the code that builds it in a run, and its rows are held against the expected ones.
//   T1. The model's text, its checks and its way of building are those of a run; only the tables that it reads are the test's.
//   T2. What is wrong with the test's own file is an error, with its place; what the model makes of the rows is a failure.
import { messageOf, MillraceError } from "../../model/errors.ts";
import type { NodeId } from "../../model/graph.ts";
import type { RowsDifference } from "../../model/test-answers.ts";
import { bindingsOf } from "../../sql/parameters.ts";
import { assetView } from "../../sql/ledger/publish.ts";
import { interruptible, type Session } from "../../sql/session.ts";
import { readRowChunks } from "../../sql/values.ts";
import { type Built, buildModels, isQuick, parametersFor, type TestBuild } from "./build.ts";
import { compareRows, type Result } from "./compare.ts";
import { cteQuery } from "./cte.ts";
import { unknownColumn } from "./fixture-query.ts";
import { holdExisting, makeInputs } from "./inputs.ts";
import type { Lane } from "./lane.ts";
import type { PreparedTest } from "./prepare.ts";
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
/** What a model makes beyond these is not compared, and a test that sees it fails. */
const ROWS_MAX = 100_000;
/** Tells tests apart: what two of them build has nothing to do with each other, whatever is remembered of a version. */
let tests = 0;

/** Runs a test. Everything that it finds is in the outcome. */
export async function runTest(world: TestWorld, lane: Lane, prepared: PreparedTest): Promise<TestOutcome> {
  if (isQuick(world, prepared)) {
    const outcome = await tryQuickly(world, lane, prepared);
    if (outcome !== undefined) return outcome;
  }
  return runIn({ world, lane, prepared, ...identity(world, prepared) }, "run");
}

/** What the model makes of the given rows. @throws what is wrong with them, and what a run throws. */
export async function resultOf(world: TestWorld, lane: Lane, prepared: PreparedTest): Promise<Result> {
  const build = { world, lane, prepared, ...identity(world, prepared) };
  await makeInputs(world, lane, prepared, "run");
  await buildModels(build, "run");
  const [result] = await readResults(build);
  return result!;
}

/** Undefined where it does not pass: then the code of a run tells why. */
async function tryQuickly(world: TestWorld, lane: Lane, prepared: PreparedTest): Promise<TestOutcome | undefined> {
  try {
    const outcome = await runIn({ world, lane, prepared, ...identity(world, prepared) }, "quick");
    const isPassed = outcome.reasons.length + outcome.differences.length + outcome.errors.length === 0;
    return isPassed ? outcome : undefined;
  } catch (error) {
    if (world.workspace.signal.aborted) throw error;
    lane.leaves("ledger");
    return undefined;
  }
}

function identity(world: TestWorld, { node }: PreparedTest): Pick<TestBuild, "codeHash" | "signal"> {
  return {
    codeHash: `${node.codeHash}:${(tests += 1)}`,
    signal: AbortSignal.any([world.workspace.signal, AbortSignal.timeout(TEST_MS_MAX)]),
  };
}

async function runIn(build: TestBuild, way: "quick" | "run"): Promise<TestOutcome> {
  const { world, lane, prepared, codeHash } = build;
  const { spec } = prepared.test;
  try {
    await makeInputs(world, lane, prepared, way);
    if (way === "run") await holdExisting(world, lane, prepared, codeHash);
  } catch (error) {
    lane.leaves("ledger");
    if (error instanceof MillraceError) return { ...CLEAN, errors: error.errors.length > 0 ? error.errors : [error] };
    throw error;
  }
  const notes = [...prepared.empty.map((asset) => `${asset} is not given: it is empty`), ...engineNotes(prepared)];
  let built: Built;
  let results: readonly Result[];
  try {
    built = await buildModels(build, way);
    results = await readResults(build);
  } catch (error) {
    if (world.workspace.signal.aborted) throw error;
    const failure = asFailure(prepared.node.id, error);
    return { ...judgeError(prepared, failure), notes };
  }
  if (spec.expectError !== undefined)
    return { ...CLEAN, reasons: [`it was expected to fail with ${JSON.stringify(spec.expectError)}, and did not`], notes };
  return { ...(await judge(lane, prepared, { built, results })), notes: [...notes, ...asideNotes(built)] };
}

/** What runs on a server is tested in the warehouse's SQL. */
function engineNotes({ node, between }: PreparedTest): readonly string[] {
  return [node, ...between].flatMap((each) =>
    each.kind === "model" && each.engine !== undefined ? [`${each.id} runs on ${each.engine.name}: here its text was run by DuckDB`] : [],
  );
}

const CLEAN = { reasons: [], differences: [], errors: [], failure: undefined, notes: [] } as const satisfies TestOutcome;

async function readResults({ world, lane, prepared, signal }: TestBuild): Promise<readonly Result[]> {
  const { node, cte } = prepared;
  // Rows of a table are there already; the limit would be most of the work.
  const limit = node.kind === "model" && node.spec.materialize === "view" ? `limit ${ROWS_MAX + 1}` : "";
  const read = async (session: Session): Promise<readonly Result[]> => {
    const results = [await readResult(session, node.id, `select * from ${assetView(node.id)} ${limit}`)];
    if (node.kind !== "model") return results;
    for (const name of cte.keys()) results.push(await readResult(session, name, cteQuery(node, name), parametersFor(world, prepared)));
    return results;
  };
  return lane.warehouse.session((session) => interruptible(session, signal, () => read(session)));
}

async function readResult(session: Session, of: string, sql: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<Result> {
  const { values, types } = bindingsOf(sql, parameters);
  const isBound = Object.keys(values).length > 0;
  const result = await (isBound ? session.connection.stream(sql, values, types) : session.connection.run(sql));
  const names = result.deduplicatedColumnNames();
  const columns = result.columnTypes().map((type, index) => ({ name: names[index]!, type: type.alias ?? String(type) }));
  const rows: Result["rows"][number][] = [];
  for await (const chunk of readRowChunks(result)) {
    rows.push(...chunk);
    if (rows.length > ROWS_MAX) break;
  }
  return { of, columns, rows: rows.slice(0, ROWS_MAX + 1) };
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
  { built, results }: { readonly built: Built; readonly results: readonly Result[] },
): Promise<TestOutcome> {
  const { spec } = prepared.test;
  const key = prepared.node.kind === "model" ? prepared.node.spec.key : prepared.node.key;
  const keys = key === undefined ? [] : [key].flat();
  const differences: RowsDifference[] = [];
  const errors: MillraceError[] = [];
  const wanted = [prepared.expect, ...prepared.cte.values()];
  errors.push(...strayTolerances(prepared, results));
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
  const endless = results.filter(({ rows }) => rows.length > ROWS_MAX).map(({ of }) => `${of} makes more than ${ROWS_MAX} rows here`);
  return { ...CLEAN, reasons: [...checkReasons(prepared, built), ...endless], differences, errors };
}

/** Columns with a tolerance that none of the results has. */
function strayTolerances({ test, node, locate }: PreparedTest, results: readonly Result[]): readonly MillraceError[] {
  const { tolerance } = test.spec;
  if (tolerance === undefined || typeof tolerance === "number") return [];
  const names = results.flatMap(({ columns }) => columns.map(({ name }) => name));
  const known = new Set(names.map((name) => name.toLowerCase()));
  const stray = Object.keys(tolerance).filter((name) => !known.has(name.toLowerCase()));
  return stray.map((name) => unknownColumn(node.id, name, names, locate(["tolerance", name], "key")));
}

function checkReasons({ test }: PreparedTest, { checks }: Built): readonly string[] {
  const wanted = test.spec.checks?.failing;
  if (wanted === undefined) return [];
  const failing = checks.filter(({ failing: rows }) => rows > 0);
  const extra = failing
    .filter(({ check }) => !wanted.includes(check))
    .map(({ check, failing: rows }) => `the check ${check} fails for ${rows === 1 ? "1 row" : `${rows} rows`}`);
  const absent = wanted
    .filter((name) => !failing.some(({ check }) => check === name))
    .map((name) => `the check ${name} was expected to fail, and does not`);
  return [...extra, ...absent];
}

function asideNotes({ quarantined, filtered = 0 }: Built): readonly string[] {
  return [
    ...(quarantined > 0 ? [`${rowsText(quarantined)} set aside by checks with onFail: quarantine`] : []),
    ...(filtered > 0 ? [`${rowsText(filtered)} left out: they belong to other partitions`] : []),
  ];
}

function rowsText(rows: number): string {
  return rows === 1 ? "1 row was" : `${rows} rows were`;
}
