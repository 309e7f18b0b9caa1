// What hosts of repositories send, and what nobody should: only names of branches come through.
import { expect, it } from "vitest";
import type { JsonValue } from "../../model/json.ts";
import { branchMatcher, type Push, pushOf } from "./payload.ts";

const COMMIT = "a".repeat(40);
const body = new Uint8Array();
const form = new TextEncoder().encode(`payload=${encodeURIComponent(JSON.stringify({ ref: "refs/heads/a%b+c", after: COMMIT }))}`);

const CASES: readonly (readonly [name: string, json: JsonValue, push: Push | null])[] = [
  ["a push of GitHub or GitLab", { ref: "refs/heads/feature/x", before: COMMIT, after: COMMIT }, { branch: "feature/x", commit: COMMIT }],
  ["a branch that was deleted", { ref: "refs/heads/x", after: "0".repeat(40), deleted: true }, { branch: "x", commit: null }],
  ["one that was deleted, as Gitea tells it", { ref: "x", ref_type: "branch" }, { branch: "x", commit: null }],
  ["a tag", { ref: "refs/tags/v1", after: COMMIT }, null],
  ["a ping", { zen: "Keep it logically awesome.", hook_id: 1 }, null],
  ["a list", [{ ref: "refs/heads/x" }], null],
  ...["--upload-pack=x", "a..b", "a@{1}", "a b", "a:b", "../x", ".x", "x.lock", "x/", "a//b", "a\nb", "a\\b", "", "x".repeat(300)].map(
    (name): (typeof CASES)[number] => [
      `no branch: ${JSON.stringify(name.slice(0, 20))}`,
      { ref: `refs/heads/${name}`, after: COMMIT },
      null,
    ],
  ),
];

it.each(CASES)("of %s a hook says which branch", (_, json, push) => {
  expect(pushOf({ json, body })).toEqual(push);
});

it("a form is read as the JSON that it holds", () => {
  expect(pushOf({ json: undefined, body: form })).toEqual({ branch: "a%b+c", commit: COMMIT });
  expect(pushOf({ json: undefined, body: new TextEncoder().encode("payload=%7B") })).toBeNull();
});

it("patterns choose among branches", () => {
  const names = ["main", "release/1.2", "release/1x2", "wip/a/b", "feature"];
  const chosen = (...patterns: readonly string[]): readonly string[] => names.filter(branchMatcher(patterns));
  expect(chosen()).toEqual(names);
  expect(chosen("main", "release/*")).toEqual(["main", "release/1.2", "release/1x2"]);
  expect(chosen("release/1.2")).toEqual(["release/1.2"]);
  expect(chosen("!wip/*")).toEqual(["main", "release/1.2", "release/1x2", "feature"]);
});
