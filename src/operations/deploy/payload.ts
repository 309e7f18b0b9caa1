// What a push hook of GitHub, GitLab or Gitea says: which branch. What the branch is by now the repository itself is asked, so that hooks that come late, twice
// or out of order do no harm.
import type { JsonValue } from "../../model/json.ts";
import type { WebhookDelivery } from "../../model/webhook.ts";

export interface Push {
  readonly branch: string;
  /** Null: it was deleted. */
  readonly commit: string | null;
}

const BRANCHES = "refs/heads/";
const BRANCH_CHARACTERS_MAX = 200;
const FORM = "payload=";

/** Null for what is no push of a branch: a ping, a tag, a comment. */
export function pushOf({ json, body }: Pick<WebhookDelivery, "json" | "body">): Push | null {
  const told = json ?? formOf(body);
  if (typeof told !== "object" || told === null || Array.isArray(told)) return null;
  const { ref, ref_type: kind, after } = told as Readonly<Record<string, JsonValue>>;
  if (typeof ref !== "string") return null;
  // Gitea tells of a deleted branch by its bare name.
  const branch = ref.startsWith(BRANCHES) ? ref.slice(BRANCHES.length) : kind === "branch" ? ref : "";
  if (!isBranch(branch)) return null;
  const commit = typeof after === "string" && /^[0-9a-f]{40,64}$/.test(after) && !/^0+$/.test(after) ? after : null;
  return { branch, commit };
}

/** Of the branches that are deployed: `main`, `release/*`, `!wip/*`; none is all. */
export function branchMatcher(patterns: readonly string[]): (branch: string) => boolean {
  const [unwanted, wanted] = [patterns.filter((each) => each.startsWith("!")), patterns.filter((each) => !each.startsWith("!"))];
  const [no, yes] = [unwanted.map((each) => testOf(each.slice(1))), wanted.map(testOf)];
  return (branch) => (yes.length === 0 || yes.some((test) => test.test(branch))) && !no.some((test) => test.test(branch));
}

function testOf(pattern: string): RegExp {
  return new RegExp(
    `^${pattern
      .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
    "u",
  );
}

/** As git has it: nothing that could be an option, a range or another ref. */
function isBranch(name: string): boolean {
  const isOdd = /^[-/.]|[/.]$|\.lock$|\.\.|@\{|\/\/|[\s~^:?*[\\]/.test(name) || /\p{Cc}/u.test(name);
  return name !== "" && name.length <= BRANCH_CHARACTERS_MAX && !isOdd;
}

/** GitHub sends a form where it was not told otherwise. */
function formOf(body: Uint8Array): JsonValue | undefined {
  const text = new TextDecoder().decode(body);
  if (!text.startsWith(FORM)) return undefined;
  try {
    return JSON.parse(new URLSearchParams(text).get("payload") ?? "") as JsonValue;
  } catch {
    return undefined;
  }
}
