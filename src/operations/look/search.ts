// Finds by words: assets, columns, checks, jobs, runs, tags, owners, tests and error codes. Every word must be found; names count before descriptions.
import { codes } from "../../model/codes/index.ts";
import type { ProjectNode } from "../../model/graph.ts";
import type { Found, FoundKind, SearchAnswer } from "../../model/look-answers.ts";
import type { Project } from "../../project/reader.ts";
import { readLive } from "../../sql/ledger/publish.ts";
import { listRuns } from "../runs/runs.ts";
import type { Workspace } from "../workspace.ts";

export interface SearchRequest {
  readonly q: string;
  readonly limit: number;
}

interface Entry extends Found {
  readonly searched: string;
  readonly described: string;
}

const RUNS_MAX = 200;
/** Kinds in the order they stand in where two fit alike. */
const ORDER: readonly FoundKind[] = ["asset", "job", "run", "column", "check", "test", "tag", "owner", "code"];
/** Entries of a project as it was read last, so that typing does not gather them at each letter. */
const gathered = new WeakMap<Project, { readonly live: number; readonly entries: readonly Entry[] }>();

export async function search(workspace: Workspace, { q, limit }: SearchRequest): Promise<SearchAnswer> {
  const words = q
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  if (words.length === 0) return { found: [], total: 0 };
  const entries = [...(await projectEntries(workspace)), ...(await runEntries(workspace))];
  const scored = entries.flatMap((entry) => {
    const score = scoreOf(entry, words);
    return score === 0 ? [] : [{ entry, score }];
  });
  const ordered = scored.toSorted(
    (a, b) => b.score - a.score || ORDER.indexOf(a.entry.kind) - ORDER.indexOf(b.entry.kind) || (a.entry.name < b.entry.name ? -1 : 1),
  );
  return {
    found: ordered.slice(0, limit).map(({ entry: { kind, name, asset, detail } }) => ({ kind, name, asset, detail })),
    total: ordered.length,
  };
}

/** 0: a word is missing. Names that begin with a word come first, then parts of names that do, then what has it anywhere. */
function scoreOf({ kind, name, searched, described }: Entry, words: readonly string[]): number {
  let score = 0;
  // A column is found by its own name; the asset's only narrows it.
  if (kind === "column" && !words.some((word) => searched.includes(word) || name.toLowerCase() === word)) return 0;
  for (const word of words) {
    const at = searched.indexOf(word);
    if (at < 0 && !described.includes(word) && !name.toLowerCase().includes(word)) return 0;
    if (at < 0) score += 1;
    else if (searched === word) score += 40;
    else if (at === 0) score += 20;
    else score += /[^a-z0-9]/.test(searched[at - 1]!) ? 15 : 6;
  }
  return score + 4 / (searched.length + 1);
}

async function projectEntries(workspace: Workspace): Promise<readonly Entry[]> {
  const project = await workspace.projectWithErrors();
  const warehouse = await workspace.warehouse();
  const live = await warehouse.session((session) => readLive(session));
  const newest = [...live.values()].reduce((latest, { at }) => Math.max(latest, Date.parse(at)), 0) + live.size;
  const known = gathered.get(project);
  if (known?.live === newest) return known.entries;
  const entries: Entry[] = [];
  for (const node of project.nodes) {
    const declared = "spec" in node && "columns" in node.spec ? (node.spec.columns ?? {}) : {};
    const columns = new Set([...Object.keys(declared), ...(live.get(node.id)?.columns ?? []).map(({ name }) => name)]);
    entries.push(entry("asset", { name: node.id, asset: node.id, detail: detailOf(node), text: node.description }));
    for (const column of columns)
      entries.push({
        ...entry("column", { name: `${node.id}.${column}`, asset: node.id, detail: null, text: node.id }),
        searched: column.toLowerCase(),
      });
  }
  for (const { name, on } of project.checkFiles) entries.push(entry("check", { name, asset: on, detail: `check of ${on}` }));
  for (const { name, spec } of project.jobs) entries.push(entry("job", { name, asset: null, detail: null, text: spec.description }));
  for (const { name, spec } of project.tests) entries.push(entry("test", { name, asset: spec.model, detail: `test of ${spec.model}` }));
  for (const tag of new Set(project.nodes.flatMap(({ tags }) => tags)))
    entries.push(entry("tag", { name: tag, asset: null, detail: null }));
  for (const owner of new Set(project.nodes.flatMap((node) => node.owner ?? [])))
    entries.push(entry("owner", { name: owner, asset: null, detail: null }));
  for (const [code, { title }] of Object.entries(codes))
    entries.push(entry("code", { name: code, asset: null, detail: title, text: title }));
  gathered.set(project, { live: newest, entries });
  return entries;
}

async function runEntries(workspace: Workspace): Promise<readonly Entry[]> {
  const { runs } = await listRuns(workspace, { limit: RUNS_MAX });
  return runs.map(({ run, job, status, startedAt }) =>
    entry("run", { name: run, asset: null, detail: `${job ?? "run"}, ${status}, ${startedAt}`, text: `${job ?? ""} ${status}` }),
  );
}

function entry(
  kind: FoundKind,
  given: { readonly name: string; readonly asset: string | null; readonly detail: string | null; readonly text?: string | undefined },
): Entry {
  const { name, asset, detail, text = "" } = given;
  return { kind, name, asset, detail, searched: name.toLowerCase(), described: text.toLowerCase() };
}

function detailOf(node: ProjectNode): string {
  const kind = node.kind === "model" ? node.spec.materialize : node.kind;
  return node.description === undefined ? kind : `${kind}: ${node.description}`;
}
