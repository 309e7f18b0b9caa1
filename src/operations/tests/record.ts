// `test --record`: a test from real rows. Some rows of the model, the rows of its inputs that they come from, personal values replaced; what the model
// makes of those rows is expected, so that the test passes as it is written.
//   R1. Nothing personal is written, and no test is overwritten.
//   R2. The test is run before it stays: one that does not pass is not left behind.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { MillraceError } from "../../model/errors.ts";
import type { ModelNode, TransformNode } from "../../model/graph.ts";
import type { RecordedTestAnswer, TestAnswer } from "../../model/test-answers.ts";
import { incrementalOf } from "../../model/incremental.ts";
import { didYouMean } from "../../model/suggest.ts";
import { plainName } from "../../project/names.ts";
import { readLive } from "../../sql/ledger/publish.ts";
import { parametersOf } from "../../sql/syntax/copy.ts";
import { keepInside } from "../access/expressions.ts";
import type { Workspace } from "../workspace.ts";
import { Lane } from "./lane.ts";
import { looksPersonal, Masker, maskedColumns } from "./record-mask.ts";
import { sampleInputs, type SampledInput } from "./record-rows.ts";
import { type RecordedRows, type RecordedTest, testText } from "./record-text.ts";
import { prepareTest } from "./prepare.ts";
import { resultOf } from "./run.ts";
import { testModels } from "./tests.ts";
import { openWorld, type TestWorld } from "./world.ts";

export interface RecordRequest {
  readonly model: string;
  /** Rows of the model to begin with. */
  readonly rows: number;
  /** Which ones: a condition on the model's columns. */
  readonly where?: string;
  /** Of the test and its file; default: the model's. */
  readonly name?: string;
}

/** @throws MR8906, MR8909, MR8910, MR8911 */
export async function recordTest(workspace: Workspace, request: RecordRequest): Promise<RecordedTestAnswer> {
  const lane = await Lane.open(workspace.dir, 1);
  try {
    const world = await lane.warehouse.session(({ connection }) => openWorld(workspace, connection, { lineage: "columns" }));
    const node = modelNamed(world, request.model);
    const name = request.name ?? node.id.replaceAll(".", "_");
    const path = resolve(workspace.dir, "tests", `${name}.yaml`);
    const file = relative(workspace.dir, path).replaceAll("\\", "/");
    refuseTaken(world, { name, path, file });
    const sampled = await sample(workspace, world, node, request);
    const masked = new Set<string>();
    const given = maskRows(world, sampled, masked);
    const settings = settingsOf(world, node);
    const drafted: RecordedTest = {
      model: node.id,
      description: descriptionOf(request, node.id),
      settings,
      given,
      expect: { columns: [], rows: [] },
    };
    const expected = await expectedRows(world, lane, node, drafted, name);
    const text = testText({ ...drafted, expect: expected });
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { flag: "wx" });
    try {
      await assertPasses(workspace, name, node.id);
    } catch (error) {
      rmSync(path, { force: true }); // R2
      throw error;
    }
    const notes = sampled
      .filter(({ how }) => how === "first")
      .map(({ asset }) => `nothing tells which rows of ${asset} belong to them: the first ones are given`);
    return {
      file,
      name,
      model: node.id,
      given: Object.fromEntries([...given].map(([asset, { rows }]) => [asset, rows.length])),
      expected: expected.rows.length,
      masked: [...masked].toSorted(),
      notes,
    };
  } finally {
    lane.close();
  }
}

function modelNamed(world: TestWorld, name: string): ModelNode | TransformNode {
  const id = plainName(name);
  const node = world.graph.nodes.get(id) ?? world.graph.nodes.get(`main.${id}`);
  const errors = world.errorsOf(node?.id ?? id);
  if (errors.length > 0)
    throw new MillraceError({ code: "MR8909", message: `${id} has errors, and so no test can be recorded`, errors: [...errors] });
  if (node?.kind === "model" || node?.kind === "transform") return node;
  const models = [...world.graph.nodes.values()].filter(({ kind }) => kind === "model" || kind === "transform").map((each) => each.id);
  const hint = didYouMean(id, models);
  const message =
    node === undefined
      ? `there is no model ${JSON.stringify(name)} in the project`
      : `${id} is no model: a test is of what is made of other assets`;
  throw new MillraceError({ code: node === undefined ? "MR6101" : "MR8906", message, ...(hint === undefined ? {} : { hint }) });
}

function refuseTaken(
  { project }: TestWorld,
  { name, path, file }: { readonly name: string; readonly path: string; readonly file: string },
): void {
  if (!/^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u.test(name))
    throw new MillraceError({
      code: "MR7001",
      message: `${JSON.stringify(name)} cannot be the name of a test`,
      hint: "use letters, digits, _, - and .",
    });
  const taken = existsSync(path) ? file : project.tests.find((test) => plainName(test.name) === plainName(name))?.file;
  if (taken === undefined) return;
  throw new MillraceError({
    code: "MR8910",
    message: `the test ${name} is there already, in ${taken}`,
    hint: "millrace test --record MODEL --name OTHER",
  });
}

async function sample(
  workspace: Workspace,
  world: TestWorld,
  node: ModelNode | TransformNode,
  request: RecordRequest,
): Promise<readonly SampledInput[]> {
  const warehouse = await workspace.warehouse();
  await keepInside(warehouse, [request.where]);
  const inputs = (world.graph.reads.get(node.id) ?? []).filter((id) => !id.startsWith("task:"));
  return warehouse.session(async (session) => {
    const live = await readLive(session);
    const never = [node.id, ...inputs].filter((id) => !live.has(id));
    if (never.length > 0)
      throw new MillraceError({
        code: "MR8911",
        message: `${never.join(", ")} ${never.length === 1 ? "was" : "were"} never built`,
        hint: `millrace run --select +${node.id}`,
      });
    const lineage = world.compilation.models.get(node.id)?.lineage ?? null;
    return sampleInputs(session, { model: node.id, inputs, lineage, rows: request.rows, where: request.where });
  });
}

/** R1. */
function maskRows(
  { graph, compilation }: TestWorld,
  sampled: readonly SampledInput[],
  masked: Set<string>,
): ReadonlyMap<string, RecordedRows> {
  const { isMasked } = maskedColumns({ nodes: graph.nodes, lineageOf: (asset) => compilation.models.get(asset)?.lineage ?? null });
  const masker = new Masker();
  return new Map(
    sampled.map(({ asset, columns, rows }) => {
      const personal = columns.map(({ name }, index) => isMasked(asset, name) || rows.some((row) => looksPersonal(row[index]!)));
      const shown = rows.map((row) =>
        row.map((value, index) => (personal[index] === true ? masker.mask(value, columns[index]!.type) : value)),
      );
      for (const [index, { name }] of columns.entries())
        if (rows.some((row, at) => row[index] !== shown[at]![index])) masked.add(`${asset}.${name}`);
      return [asset, { columns, rows: shown }];
    }),
  );
}

/** R1: a text that somebody looked for may be a person's. */
function descriptionOf({ rows, where }: RecordRequest, model: string): string {
  const isTold = where !== undefined && !where.includes("'") && !where.includes("$$");
  return `Recorded from ${rows === 1 ? "1 row" : `${rows} rows`} of ${model}${isTold ? ` where ${where.replaceAll(/\s+/g, " ")}` : ""}`;
}

/** The clock, where the text looks at it: the test stays what it is tomorrow. */
function settingsOf({ project }: TestWorld, node: ModelNode | TransformNode): readonly (readonly [string, string])[] {
  const now = new Date(Math.floor(Date.now() / 1_000) * 1_000).toISOString().replace(".000Z", "Z");
  const looksIn = (file: string): boolean => /\b(Date|Temporal)\b/.test(readFileSync(resolve(project.dir, file), "utf8"));
  if (node.kind !== "model") return looksIn(node.file) ? [["now", now]] : [];
  const calls = ({ name }: { readonly name: string }): boolean => node.sql.toLowerCase().includes(name.toLowerCase());
  const texts = [node.sql, ...project.macros.filter(calls).map(({ unit }) => unit.sql)];
  const clocks =
    /\b(now|today|current_(date|time|timestamp)|(current_)?localtime(stamp)?|transaction_timestamp|get_current_time(stamp)?|age)\b|\$now\b/i;
  const looks = texts.some((text) => clocks.test(text)) || project.functions.filter(calls).some(({ file }) => looksIn(file));
  const isKept = node.spec.materialize === "snapshot" || incrementalOf(node.spec)?.deletes === "close";
  return looks || isKept || parametersOf(node.sql).includes("now") ? [["now", now]] : [];
}

/** What the model makes of the given rows. @throws MR8911 */
async function expectedRows(
  world: TestWorld,
  lane: Lane,
  node: ModelNode | TransformNode,
  drafted: RecordedTest,
  name: string,
): Promise<RecordedRows> {
  const asRow = ({ columns, rows }: RecordedRows): readonly Readonly<Record<string, unknown>>[] =>
    rows.map((row) => Object.fromEntries(columns.map((column, index) => [column.name, row[index]])));
  const spec = {
    name,
    model: node.id,
    ...Object.fromEntries(drafted.settings),
    given: Object.fromEntries([...drafted.given].map(([asset, rows]) => [asset, [...asRow(rows)]])),
    expect: [],
  };
  const prepared = prepareTest(world, { name, file: "tests", spec, shared: [] });
  if (!("node" in prepared)) throw prepared[0]!;
  try {
    return await resultOf(world, lane, prepared);
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    throw new MillraceError({ code: "MR8911", message: `${node.id} does not build on the sampled rows: ${error.message}`, cause: error });
  }
}

/** R2. @throws MR8911 */
async function assertPasses(workspace: Workspace, name: string, model: string): Promise<void> {
  const found: TestAnswer[] = [];
  const { errors } = await testModels(workspace.renewed(), { names: [name] }, (test) => void found.push(test));
  if (errors.length === 0 && found.every(({ status }) => status === "passed")) return;
  const [failed] = found;
  const why = errors[0]?.message ?? failed?.reasons[0] ?? "its rows come out differently each time";
  throw new MillraceError({ code: "MR8911", message: `what ${model} makes of the same rows is not always the same: ${why}` });
}
