// Which assets the catalogue shows, and how many more words of each facet would leave. Pure.
import type { GraphNodeAnswer } from "../../../../src/model/graph-answers.ts";

export const FACETS = ["status", "kind", "group", "owner", "tag"] as const;
export type Facet = (typeof FACETS)[number];
export type Chosen = Readonly<Partial<Record<Facet, readonly string[]>>>;

export const facetNames: Readonly<Record<Facet, string>> = { status: "Status", kind: "Kind", group: "Schema", owner: "Owner", tag: "Tag" };

export function wordsOf(facet: Facet, node: GraphNodeAnswer): readonly string[] {
  switch (facet) {
    case "status":
      return [node.status];
    case "kind":
      return [node.materialize ?? node.kind];
    case "group":
      return [node.group];
    case "owner":
      return node.owner === null ? [] : [node.owner];
    case "tag":
      return node.tags;
    default:
      return facet satisfies never;
  }
}

/** Words of one facet mean any of them, facets all of them. */
export function filtered(nodes: readonly GraphNodeAnswer[], chosen: Chosen, without?: Facet): readonly GraphNodeAnswer[] {
  const active = FACETS.filter((facet) => facet !== without && (chosen[facet]?.length ?? 0) > 0);
  if (active.length === 0) return nodes;
  return nodes.filter((node) => active.every((facet) => wordsOf(facet, node).some((word) => chosen[facet]!.includes(word))));
}

/** Counts of a facet's words under what is chosen of the others, most first; what is chosen stays even where nothing is left of it. */
export function facetCounts(
  nodes: readonly GraphNodeAnswer[],
  facet: Facet,
  chosen: Chosen,
): readonly (readonly [word: string, count: number])[] {
  const counts = new Map<string, number>((chosen[facet] ?? []).map((word) => [word, 0]));
  for (const node of filtered(nodes, chosen, facet)) for (const word of wordsOf(facet, node)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].toSorted(([a, one], [b, other]) => other - one || (a < b ? -1 : 1));
}

/** Every word stands in the name, the description, the owner or a tag. */
export function matching(nodes: readonly GraphNodeAnswer[], q: string | undefined): readonly GraphNodeAnswer[] {
  const words = (q ?? "")
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  if (words.length === 0) return nodes;
  return nodes.filter(({ asset, description, owner, tags }) => {
    const all = `${asset} ${description ?? ""} ${owner ?? ""} ${tags.join(" ")}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

/** The same set in the grammar that the command line and the graph understand. */
export function selectionOf(assets: readonly string[]): string {
  return assets.join(" or ");
}

/** Lines of YAML for a definition; empty while nothing was said. */
export function ownLines(owner: string, tags: string): string {
  const words = tags.split(/[\s,]+/).filter((word) => word !== "");
  return [
    ...(owner.trim() === "" ? [] : [`owner: ${yamlWord(owner.trim())}`]),
    ...(words.length === 0 ? [] : [`tags: [${words.map(yamlWord).join(", ")}]`]),
  ].join("\n");
}

/** A plain word stands as it is, others in quotes. */
function yamlWord(word: string): string {
  return /^[a-z][\w.-]*$/i.test(word) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(word) ? word : JSON.stringify(word);
}

/** What the list shows as a file of comma-separated values; a value that a spreadsheet would take for a formula begins with a quote. */
export function csvOf(nodes: readonly GraphNodeAnswer[]): string {
  const rows = nodes.map((node) => [
    node.asset,
    node.status,
    node.materialize ?? node.kind,
    node.rows,
    node.updatedAt,
    node.seconds,
    node.checks?.passed,
    node.checks?.warned,
    node.checks?.failed,
    node.quarantined,
    node.needs.length,
    node.owner,
    node.tags.join(" "),
    node.description,
  ]);
  return [CSV_HEAD, ...rows].map((row) => `${row.map(csvCell).join(",")}\r\n`).join("");
}

const CSV_HEAD = [
  "asset",
  "status",
  "kind",
  "rows",
  "updated_at",
  "seconds",
  "checks_passed",
  "checks_warned",
  "checks_failed",
  "quarantined",
  "reads",
  "owner",
  "tags",
  "description",
];

function csvCell(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
