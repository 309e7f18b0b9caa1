// Pairs that a match leaves to a person: listed with both records beside each other, decided into `reviews/ASSET.csv`.
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ReviewAnswer, ReviewDecisionAnswer } from "../../model/review-answers.ts";
import type { JsonValue } from "../../model/json.ts";
import { MillraceError } from "../../model/errors.ts";
import { REVIEW_COLUMNS, reviewFile } from "../../project/enrich/decisions.ts";
import { assetView } from "../../sql/ledger/publish.ts";
import { actor } from "../actor.ts";
import { findAsset } from "../assets/assets.ts";
import type { Workspace } from "../workspace.ts";

export interface ReviewListRequest {
  readonly asset: string;
  readonly limit: number;
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
export async function reviewList(workspace: Workspace, { asset, limit }: ReviewListRequest): Promise<ReviewAnswer> {
  const id = await matchNamed(workspace, asset);
  const warehouse = await workspace.warehouse();
  return warehouse.session(async (session) => {
    const open = await session
      .row<{ n: number }>(`select count(*) as n from ${assetView(id)} where status = 'review'`)
      .catch((error: unknown) => {
        throw new MillraceError({ code: "MR8603", message: `${id} was never built`, hint: `millrace run --select ${id}`, cause: error });
      });
    const pairs = await session.rows<{ left_id: string; right_id: string; score: number; similarities: JsonValue }>(
      `select left_id, right_id, score, similarities from ${assetView(id)} where status = 'review' order by score desc, left_id, right_id limit ${Math.trunc(limit)}`,
    );
    const items = pairs.map(({ left_id: left, right_id: right, score, similarities }) => ({ left, right, score, similarities }));
    return { asset: id, total: open?.n ?? 0, items };
  });
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
