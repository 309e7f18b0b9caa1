import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MillraceError } from "../model/errors.ts";
import { parseSelection } from "../model/selection.ts";
import { sampleGraph } from "./nodes.fixture.ts";
import { evaluate, select } from "./selection.ts";

const graph = sampleGraph();
const all = graph.order;
const statuses = new Map([
  ["raw.a", "failed"],
  ["clean.a", "stale"],
]);

function set(text: string): string[] {
  return [...evaluate(graph, parseSelection(text), { statuses })].toSorted();
}

function codeOf(text: string): [string, string | undefined] {
  try {
    select(graph, text, { statuses });
    return ["none", undefined];
  } catch (error) {
    if (error instanceof MillraceError) return [error.code, error.hint];
    throw error;
  }
}

describe("a selection", () => {
  it.each<[string, readonly string[]]>([
    ["clean.a", ["clean.a"]],
    ["CLEAN.A", ["clean.a"]],
    ["+clean.a", ["raw.a", "clean.a"]],
    ["clean.a+", ["clean.a", "final.x", "out.x", "task:train"]],
    ["raw.b+1", ["raw.b", "clean.ab"]],
    ["1+final.x", ["clean.a", "clean.ab", "final.x"]],
    ["2+final.x+1", ["raw.a", "raw.b", "clean.a", "clean.ab", "final.x", "out.x", "task:train"]],
    ["+out.x", ["raw.a", "raw.b", "clean.a", "clean.ab", "final.x", "out.x"]],
    ["raw.*", ["raw.a", "raw.b"]],
    ["clean.a?", ["clean.ab"]],
    ["raw.*+1", ["raw.a", "raw.b", "clean.a", "clean.ab"]],
    ["train", ["task:train"]],
    ["task:train", ["task:train"]],
    ["tag:county", ["raw.a", "clean.a"]],
    ["tag:county and tag:slow", ["raw.a"]],
    ["owner:data@team", ["raw.a"]],
    ["owner:@ana", ["raw.b"]],
    ["owner:ana", ["raw.b"]],
    ["kind:source", ["raw.a", "raw.b"]],
    ["kind:view", ["clean.a"]],
    ["kind:export kind:task", ["out.x", "task:train"]],
    ["path:models/**", ["clean.a", "clean.ab", "final.x"]],
    ["path:models/final", ["final.x"]],
    ["path:models/*/x.sql", []],
    ["status:failed", ["raw.a"]],
    ["+status:stale", ["raw.a", "clean.a"]],
    ["raw.a raw.b", ["raw.a", "raw.b"]],
    ["raw.a, raw.b", ["raw.a", "raw.b"]],
    ["raw.a or raw.b", ["raw.a", "raw.b"]],
    ["not raw.* and not kind:task", ["clean.a", "clean.ab", "final.x", "out.x"]],
    ["raw.a or raw.b and tag:slow", ["raw.a"]],
    ["(raw.a or raw.b) and tag:slow", ["raw.a"]],
    ["not (kind:model or kind:task) and not out.x", ["raw.a", "raw.b"]],
    ["*", all],
  ])("%j means %j", (text, nodes) => {
    expect([...evaluate(graph, parseSelection(text), { statuses })].toSorted()).toEqual([...nodes].toSorted());
  });

  it("answers in the order of the graph", () => {
    expect(select(graph, "out.x raw.b clean.a")).toEqual(["raw.b", "clean.a", "out.x"]);
    expect(select(graph, undefined)).toEqual(all);
  });

  it("that matches nothing is an error that names what is near", () => {
    expect(codeOf("clean.ba")).toEqual(["MR2020", 'did you mean "clean.a" or "clean.ab"?']);
    expect(codeOf("+x")).toEqual(["MR2020", 'did you mean "final.x" or "out.x"?']);
    expect(codeOf("tag:nothing")[0]).toBe("MR2020");
    expect(codeOf("raw.a and raw.b")[0]).toBe("MR2020");
    expect(codeOf("nope.*")[0]).toBe("MR2020");
  });

  it("with one name that is not there is an error, also beside others and behind not", () => {
    expect(codeOf("raw.a clean.tpyo")[0]).toBe("MR2020");
    expect(codeOf("not raw.tpyo")[0]).toBe("MR2020");
  });

  it.each(["", "   ", "(", "raw.a)", "(raw.a", "and raw.a", "raw.a and", "not", "color:red", "tag:", "+", "or"])(
    "%j cannot be read",
    (text) => {
      expect(codeOf(text)[0]).toBe("MR2021");
    },
  );

  it("obeys the algebra of sets", () => {
    const atom = fc.constantFrom(
      "raw.a",
      "clean.*",
      "+final.x",
      "raw.b+1",
      "tag:county",
      "kind:model",
      "status:failed",
      "path:models",
      "nope.*",
    );
    const expression: fc.Arbitrary<string> = fc.letrec<{ tree: string }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        atom,
        tie("tree").map((a) => `not (${a})`),
        fc.tuple(tie("tree"), tie("tree")).map(([a, b]) => `(${a}) and (${b})`),
        fc.tuple(tie("tree"), tie("tree")).map(([a, b]) => `(${a}) or (${b})`),
      ),
    })).tree;
    fc.assert(
      fc.property(expression, expression, expression, (a, b, c) => {
        expect(set(`not (not (${a}))`)).toEqual(set(a));
        expect(set(`not ((${a}) or (${b}))`)).toEqual(set(`not (${a}) and not (${b})`));
        expect(set(`(${a}) and ((${b}) or (${c}))`)).toEqual(set(`((${a}) and (${b})) or ((${a}) and (${c}))`));
        expect(set(`(${a}) (${b})`)).toEqual(set(`(${b}) or (${a})`));
        expect(set(`(${a}) or not (${a})`)).toEqual([...all].toSorted());
        expect(set(`(${a}) and not (${a})`)).toEqual([]);
      }),
    );
  });
});
