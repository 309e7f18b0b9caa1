// How good the data is, as its checks tell: results with their past, a score per day, what has no check.
import type { CheckStatus, QualityAnswer, QualityCheckAnswer } from "../../model/quality-answers.ts";
import type { CompiledCheck } from "../../load/check.ts";
import type { NodeId, ProjectNode } from "../../model/graph.ts";
import { readLive } from "../../sql/ledger/publish.ts";
import { type CheckRow, readChecks } from "../../views/checks.ts";
import { PROD } from "../../model/environment.ts";
import { type Definitions, defineProject } from "../plan/definitions.ts";
import type { Workspace } from "../workspace.ts";

const DAYS_SHOWN = 30;
const DAY_MS = 86_400_000;
/** What does not pass comes first. */
const RANK: Readonly<Record<CheckStatus | "unknown", number>> = { failed: 0, warned: 1, unknown: 2, passed: 3 };

/** The checks of a project with their results: the one source of all that tells of checks. */
export interface KnownChecks {
  /** Assets that hold rows, in the order of the graph. */
  readonly nodes: readonly ProjectNode[];
  readonly checks: readonly QualityCheckAnswer[];
  readonly definitions: Definitions;
  readonly columnsOf: (id: NodeId) => readonly { readonly name: string }[];
}

export async function knownChecks(workspace: Workspace): Promise<KnownChecks> {
  const warehouse = await workspace.warehouse();
  const live = await warehouse.session((session) => readLive(session));
  const [definitions, store] = [await defineProject(workspace, { live, lineage: "tables", params: {} }), await workspace.store()];
  const { name: environment } = await workspace.environment();
  const here = await readChecks(store, environment);
  const prod = environment === PROD ? here : await readChecks(store);
  const rowOf = (asset: NodeId, check: string): CheckRow | undefined => (here.get(asset) ?? prod.get(asset))?.get(check);
  const columnsOf = (id: NodeId): readonly { readonly name: string }[] =>
    live.get(id)?.columns ?? definitions.compilation.models.get(id)?.columns ?? definitions.schemas.get(id)?.columns ?? [];
  const { graph } = definitions;
  const nodes = graph.order.map((id) => graph.nodes.get(id)!).filter(({ kind }) => kind !== "task" && kind !== "export");
  const checks = nodes.flatMap((node) =>
    (definitions.checks.get(node.id) ?? []).map((check) => checkAnswer(node, check, rowOf(node.id, check.name))),
  );
  return { nodes, checks, definitions, columnsOf };
}

export async function qualityOf(workspace: Workspace, { now }: { readonly now: number }): Promise<QualityAnswer> {
  const { nodes, checks: unordered, definitions, columnsOf } = await knownChecks(workspace);
  const { graph } = definitions;
  const checks = unordered.toSorted(
    (a, b) => RANK[a.status ?? "unknown"] - RANK[b.status ?? "unknown"] || (b.since ?? "").localeCompare(a.since ?? ""),
  );
  const known = checks.filter(({ status }) => status !== null);
  return {
    score: scoreOf(known.filter(({ status }) => status === "passed").length, known.length),
    days: daysOf(checks, now),
    checks,
    coverage: coverageOf(nodes, definitions, columnsOf),
    gaps: nodes
      .map(({ id, kind }) => ({
        asset: id,
        kind,
        checks: (definitions.checks.get(id) ?? []).length,
        columns: columnsOf(id).length,
        untested: untestedOf(definitions.checks.get(id) ?? [], columnsOf(id)),
        dependents: (graph.dependents.get(id) ?? []).length,
      }))
      .filter((gap) => gap.checks === 0 || gap.untested.length > 0)
      .toSorted((a, b) => Math.min(a.checks, 1) - Math.min(b.checks, 1) || b.dependents - a.dependents || a.asset.localeCompare(b.asset)),
  };
}

/** Columns that no check looks at. */
function untestedOf(checks: readonly CompiledCheck[], columns: readonly { readonly name: string }[]): readonly string[] {
  const tested = new Set(checks.flatMap((check) => check.columns.map((name) => name.toLowerCase())));
  return columns.filter(({ name }) => !tested.has(name.toLowerCase())).map(({ name }) => name);
}

function checkAnswer({ id, owner, file }: ProjectNode, check: CompiledCheck, row: CheckRow | undefined): QualityCheckAnswer {
  const history = row?.results ?? [];
  const last = history.at(-1);
  const isBad = history.map(({ status }) => status !== "passed");
  return {
    asset: id,
    check: check.name,
    kind: check.kind,
    severity: check.severity,
    onFail: check.onFail,
    columns: check.columns,
    file: check.location?.file ?? file,
    line: check.location?.line ?? null,
    owner: owner ?? null,
    status: last?.status ?? null,
    failing: last?.failing ?? null,
    at: last?.at ?? null,
    run: last?.run ?? null,
    since: row?.since ?? null,
    flips: isBad.filter((bad, index) => index > 0 && bad !== isBad[index - 1]).length,
    history,
    sample: last === undefined || last.status === "passed" ? [] : (row?.sample ?? []),
  };
}

/** Each day by what every check had found last when it ended; days before the first result are left out. */
function daysOf(checks: readonly QualityCheckAnswer[], now: number): QualityAnswer["days"] {
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  return Array.from({ length: DAYS_SHOWN }, (_, index) => today - (DAYS_SHOWN - 1 - index) * DAY_MS).flatMap((dayMs) => {
    const end = new Date(dayMs + DAY_MS).toISOString();
    const counts = { passed: 0, warned: 0, failed: 0 };
    for (const { history } of checks) {
      const last = history.findLast(({ at }) => at < end);
      if (last !== undefined) counts[last.status] += 1;
    }
    const score = scoreOf(counts.passed, counts.passed + counts.warned + counts.failed);
    return score === null ? [] : [{ day: new Date(dayMs).toISOString().slice(0, 10), score, ...counts }];
  });
}

function scoreOf(passed: number, of: number): number | null {
  return of === 0 ? null : Math.round((passed / of) * 1_000) / 10;
}

function coverageOf(
  nodes: readonly ProjectNode[],
  { checks }: Pick<Definitions, "checks">,
  columnsOf: (id: NodeId) => readonly { readonly name: string }[],
): QualityAnswer["coverage"] {
  const coverage = { assets: 0, tested: 0, columns: 0, testedColumns: 0 };
  for (const { id } of nodes) {
    const own = checks.get(id) ?? [];
    const columns = columnsOf(id);
    coverage.assets += 1;
    coverage.tested += own.length > 0 ? 1 : 0;
    coverage.columns += columns.length;
    coverage.testedColumns += columns.length - untestedOf(own, columns).length;
  }
  return coverage;
}
