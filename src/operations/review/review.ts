// Pairs that a match leaves to a person: listed with both records beside each other, decided into `reviews/ASSET.csv`.
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ReviewAnswer, ReviewDecisionAnswer } from "../../model/review-answers.ts";
import type { JsonValue } from "../../model/json.ts";
import { MillraceError } from "../../model/errors.ts";
import { REVIEW_COLUMNS, reviewFile } from "../../project/enrich/decisions.ts";
import { assetView } from "../../sql/ledger/publish.ts";
import { literal } from "../../sql/text.ts";
import { actor } from "../actor.ts";
import { cursorOf, partsOf, wrongCursor } from "../cursor.ts";
import { findAsset } from "../assets/assets.ts";
import type { Workspace } from "../workspace.ts";

export interface ReviewListRequest {
  readonly asset: string;
  readonly limit: number;
  /** `next` of an earlier answer. */
  readonly cursor?: string;
}

export interface ReviewRequest {
  readonly asset: string;
  readonly left: string;
  readonly right: string;
  readonly decision: "match" | "distinct";
  readonly why?: string;
  readonly by?: string;
}

/** The doubtful pairs, the likeliest first. @throws MR8603 for an asset that is no match or was never built. */
export async function reviewList(workspace: Workspace, { asset, limit, cursor }: ReviewListRequest): Promise<ReviewAnswer> {
  const behind = cursor === undefined ? "" : ` and ${behindPair(cursor)}`;
  const id = await matchNamed(workspace, asset);
  const warehouse = await workspace.warehouse();
  return warehouse.session(async (session) => {
    const open = await session
      .row<{ n: number }>(`select count(*) as n from ${assetView(id)} where status = 'review'`)
      .catch((error: unknown) => {
        throw new MillraceError({ code: "MR8603", message: `${id} was never built`, hint: `millrace run --select ${id}`, cause: error });
      });
    const pairs = await session.rows<{ left_id: string; right_id: string; score: number; similarities: JsonValue }>(
      `select left_id, right_id, score, similarities from ${assetView(id)} where status = 'review'${behind} order by score desc, left_id, right_id limit ${Math.trunc(limit) + 1}`,
    );
    const items = pairs
      .slice(0, limit)
      .map(({ left_id: left, right_id: right, score, similarities }) => ({ left, right, score, similarities }));
    const last = pairs.length > limit ? items.at(-1) : undefined;
    const next = last === undefined ? null : cursorOf([last.score, last.left, last.right].map(String));
    return { asset: id, total: open?.n ?? 0, items, next };
  });
}

/** @throws MR7001 */
function behindPair(cursor: string): string {
  const [score, left, right] = partsOf(cursor, 3, "a list of pairs").map(literal) as [string, string, string];
  if (!Number.isFinite(Number(score.slice(1, -1)))) throw wrongCursor("a list of pairs");
  const [less, equal] = [`score < ${score}::double`, `score = ${score}::double`];
  return `(${less} or (${equal} and (left_id > ${left} or (left_id = ${left} and right_id > ${right}))))`;
}

/** Writes the decision down; the asset holds to it from its next build. @throws MR8603 for ids that are no pair of records. */
export async function reviewDecide(workspace: Workspace, request: ReviewRequest): Promise<ReviewDecisionAnswer> {
  const { decision, why = "", by = actor() } = request;
  const asset = await matchNamed(workspace, request.asset);
  const [left, right] = [request.left.trim(), request.right.trim()];
  if (left === "" || right === "" || left === right)
    throw new MillraceError({ code: "MR8603", message: "a decision is about two records", hint: `millrace review list ${asset}` });
  const file = reviewFile(asset);
  const path = join(workspace.dir, file);
  mkdirSync(dirname(path), { recursive: true });
  const before = existsSync(path) ? readFileSync(path, "utf8") : "";
  const head = before === "" ? `${REVIEW_COLUMNS.join(",")}\n` : before.endsWith("\n") ? "" : "\n";
  const line = [left, right, decision, by, why, new Date().toISOString()].map(cell).join(",");
  appendFileSync(path, `${head}${line}\n`);
  return { asset, left, right, decision, by, why: why === "" ? null : why, file };
}

async function matchNamed(workspace: Workspace, name: string): Promise<string> {
  const project = await workspace.project();
  const models = project.nodes.filter((node) => node.kind === "model");
  const id = findAsset(
    models.map((node) => node.id),
    name,
  );
  const node = models.find((each) => each.id === id);
  if (node !== undefined && /\.ya?ml$/i.test(node.file) && node.sql.includes("similarities")) return id;
  throw new MillraceError({ code: "MR8603", message: `${id} is no asset made by match:` });
}

function cell(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
