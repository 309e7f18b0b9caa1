// `test`: the unit tests of models, in memory, beside each other. The warehouse is not touched, and nothing is built.
//   T1. A test that cannot run does not keep others from running; all that is wrong with files is told in one go.
import { availableParallelism } from "node:os";
import { asMillraceError, MillraceError, type SourceLocation } from "../../model/errors.ts";
import { nearest } from "../../model/suggest.ts";
import type { TestAnswer, TestsAnswer } from "../../model/test-answers.ts";
import { plainName } from "../../project/names.ts";
import type { Project, ProjectTest } from "../../project/reader.ts";
import { testId } from "../../project/tests.ts";
import { evaluate } from "../../plan/selection.ts";
import { parseSelection } from "../../model/selection.ts";
import type { Workspace } from "../workspace.ts";
import { Lane } from "./lane.ts";
import { prepareTest } from "./prepare.ts";
import { runTest } from "./run.ts";
import { openWorld, type TestWorld } from "./world.ts";

export interface TestRequest {
  /** Names of tests, of models or of files; empty: all. */
  readonly names: readonly string[];
  readonly select?: string;
}

export interface Tested {
  readonly answer: TestsAnswer;
  /** Everything that is wrong with files: of tests, and of what the tested models are made of. */
  readonly errors: readonly MillraceError[];
}

/** More threads than this would only wait for each other. */
const LANES_MAX = 4;

/** Runs tests. `observe` is told of each as it ends. @throws MR8901 there are none, MR8902 and MR2020 none is selected. */
export async function testModels(workspace: Workspace, request: TestRequest, observe: (test: TestAnswer) => void): Promise<Tested> {
  const started = performance.now();
  const first = await Lane.open(workspace.dir, 1);
  const lanes = [first];
  try {
    const world = await first.warehouse.session(({ connection }) => openWorld(workspace, connection));
    const { project } = world;
    const ofTests = project.errors.filter(({ location }) => location?.file.startsWith("tests/") === true);
    if (project.tests.length === 0 && ofTests.length === 0)
      throw new MillraceError({
        code: "MR8901",
        message: "The project has no tests",
        hint: "write tests/NAME.yaml, or: millrace test --record MODEL",
      });
    const tests = selectTests(world, request);
    const isAll = request.names.length === 0 && request.select === undefined;
    // A file that cannot be read may hold the test that is asked for.
    const unread = isAll ? ofTests : ofTests.filter(({ location }) => tests.some(({ file }) => file === location?.file));
    if (tests.length === 0 && unread.length === 0)
      throw new MillraceError({ code: "MR8902", message: "No test is selected", hint: "`millrace test` runs all tests" });
    const wanted = Math.min(LANES_MAX, availableParallelism(), Math.ceil(tests.length / 2));
    for (let number = 2; number <= wanted; number++) lanes.push(await Lane.open(workspace.dir, number));
    const answers = new Map<ProjectTest, Ended>();
    const waiting = tests.values();
    let told = 0;
    await Promise.all(
      lanes.map(async (lane) => {
        for (const test of waiting) {
          answers.set(test, await runOne(world, lane, test));
          // In the order of the files, whichever ended first.
          for (let next = answers.get(tests[told]!); next !== undefined; next = answers.get(tests[told]!)) {
            told += 1;
            observe(next.answer);
          }
        }
      }),
    );
    const ended = tests.map((test) => answers.get(test)!);
    const count = (status: TestAnswer["status"]): number => ended.filter(({ answer }) => answer.status === status).length;
    return {
      answer: {
        tests: ended.map(({ answer }) => answer),
        counts: { passed: count("passed"), failed: count("failed"), error: count("error") },
        seconds: secondsSince(started),
      },
      errors: [...new Set([...unread, ...ended.flatMap(({ errors }) => errors)])],
    };
  } finally {
    for (const lane of lanes) lane.close();
  }
}

interface Ended {
  readonly answer: TestAnswer;
  readonly errors: readonly MillraceError[];
}

async function runOne(world: TestWorld, lane: Lane, test: ProjectTest): Promise<Ended> {
  const started = performance.now();
  const { spec } = test;
  const place: Pick<SourceLocation, "line"> = world.project.locate(testId(test.name), ["name"]) ?? { line: 1 };
  const about = {
    name: test.name,
    model: spec.model,
    file: test.file,
    line: place.line,
    description: spec.description ?? null,
    tags: spec.tags ?? [],
  };
  const nothing = { reasons: [], differences: [], notes: [] };
  const broken = (errors: readonly MillraceError[]): Ended => ({
    answer: { ...about, ...nothing, status: "error", seconds: secondsSince(started), errors: errors.map((error) => error.toJSON()) },
    errors,
  });
  try {
    const prepared = prepareTest(world, test);
    if (!("node" in prepared)) return broken(prepared);
    const { reasons, differences, errors, failure, notes } = await runTest(world, lane, prepared);
    if (errors.length > 0) return broken(errors);
    const isPassed = reasons.length === 0 && differences.length === 0;
    return {
      answer: {
        ...about,
        status: isPassed ? "passed" : "failed",
        seconds: secondsSince(started),
        reasons,
        differences,
        notes: isPassed ? [] : notes,
        errors: failure === undefined ? [] : [failure.toJSON()],
      },
      errors: [],
    };
  } catch (error) {
    if (world.workspace.signal.aborted) throw error;
    return broken([asMillraceError(error)]);
  }
}

/** @throws MR2020, MR2021 for a selection, MR8902 for a name that no test has. */
function selectTests(world: TestWorld, { names, select }: TestRequest): readonly ProjectTest[] {
  const { project, graph } = world;
  const named = names.length === 0 ? project.tests : [...new Set(names.flatMap((name) => testsNamed(project, name)))];
  if (select === undefined) return inOrder(project, named);
  const assets = evaluate(graph, parseSelection(select));
  const tags = new Set([...select.matchAll(/\btag:([\w.-]+)/gi)].map((match) => match[1]!.toLowerCase()));
  const found = named.filter(({ spec }) => assets.has(spec.model) || (spec.tags ?? []).some((tag) => tags.has(tag.toLowerCase())));
  if (assets.size === 0 && found.length === 0)
    throw new MillraceError({
      code: "MR2020",
      message: `The selection "${select}" matches nothing in this project`,
      hint: "`millrace ls` lists what there is",
    });
  return inOrder(project, found);
}

function inOrder({ tests }: Project, chosen: readonly ProjectTest[]): readonly ProjectTest[] {
  const set = new Set(chosen);
  return tests.filter((test) => set.has(test));
}

/** Tests of that name, in the file of that name, or of the model of that name. */
function testsNamed({ tests }: Project, name: string): readonly ProjectTest[] {
  const wanted = plainName(name.replace(/^\.\//, ""));
  const found = tests.filter((test) => {
    const own = plainName(test.name);
    return [own, own.split("/")[0], own.split("/").slice(1).join("/"), test.spec.model, plainName(test.file)].includes(wanted);
  });
  if (found.length > 0) return found;
  const known = new Set(
    tests.flatMap((test) => [test.name, test.name.split("/")[0]!, test.name.split("/").slice(1).join("/"), test.spec.model]),
  );
  const [near] = nearest(wanted, known, 1);
  const hint = near === undefined ? "names of tests, of their files or of models" : `did you mean ${JSON.stringify(near)}?`;
  throw new MillraceError({ code: "MR8902", message: `There is no test ${JSON.stringify(name)}`, hint });
}

function secondsSince(started: number): number {
  return Math.round(performance.now() - started) / 1_000;
}
