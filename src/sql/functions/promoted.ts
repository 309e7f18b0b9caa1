// What the ledger knows of macros: which body prod has, the texts of those that views call, and what a promotion put in place of what, so that it can be
// taken back.
import { PROD } from "../../model/environment.ts";
import { messageOf } from "../../model/errors.ts";
import type { Session, Transaction } from "../session.ts";
import { literal } from "../text.ts";

interface Body {
  /** Makes it in prod. */
  readonly sql: string;
  readonly hash: string;
}

interface Replaced {
  /** Null: there was none, or its text is not known. */
  readonly before: Body | null;
  /** What took its place. */
  readonly hash: string;
}

const INSTALLED = "macro:";

export function textKey(environment: string, name: string): string {
  return `macro@${environment}:${name}`;
}

function actKey(act: string, name: string): string {
  return `macro@~${act}:${name}`;
}

/** In the transaction that gives prod an environment's views: prod has the bodies that they call. */
export async function promoteMacros(
  tx: Transaction,
  { environment, act }: { readonly environment: string; readonly act: string },
): Promise<void> {
  for (const [name, body] of await readBodies<Body>(tx, textKey(environment, ""))) await replace(tx, { act, name, body });
  await forgetTexts(tx, environment);
}

/**
 * In the transaction that takes a promotion back, before its views, which call the earlier bodies, and after them, for those that read what they show. What
 * was made anew in prod since stays.
 */
export async function takeBackMacros(tx: Transaction, { of, act }: { readonly of: string; readonly act: string }): Promise<void> {
  const now = await readInstalled(tx);
  for (const [name, { before, hash }] of await readBodies<Replaced>(tx, actKey(of, ""))) {
    if (before === null || now.get(name) !== hash) continue;
    try {
      await replace(tx, { act, name, body: before });
    } catch (error) {
      if (!isUnbound(error)) throw error; // what it needs is not there: the next run makes it, or says why not
    }
  }
}

/** What the views of an environment called is nobody's to promote any more. */
export async function forgetTexts(tx: Transaction, environment: string): Promise<void> {
  await tx.run(`delete from _millrace._meta where starts_with(key, ${literal(textKey(environment, ""))})`);
}

/** The promotion can no longer be taken back. */
export async function forgetMacros(tx: Transaction, act: string): Promise<void> {
  await tx.run(`delete from _millrace._meta where starts_with(key, ${literal(actKey(act, ""))})`);
}

/** DuckDB cannot bind it as things stand; the transaction goes on. */
export function isUnbound(error: unknown): boolean {
  return /(Catalog|Binder|Parser) Error/.test(`${messageOf(error)} ${messageOf((error as Error).cause ?? "")}`);
}

async function replace(
  tx: Transaction,
  { act, name, body }: { readonly act: string; readonly name: string; readonly body: Body },
): Promise<void> {
  const known = await readInstalled(tx);
  const text = (await readBodies<Body>(tx, textKey(PROD, name))).get("");
  const before = text !== undefined && text.hash === known.get(name) ? text : null;
  await tx.run(body.sql);
  await noteBody(tx, actKey(act, name), { before, hash: body.hash } satisfies Replaced);
  await noteBody(tx, textKey(PROD, name), body);
  await noteInstalled(tx, name, body.hash);
}

async function readBodies<Kept>(session: Session, prefix: string): Promise<ReadonlyMap<string, Kept>> {
  const rows = await session.rows<{ key: string; value: string }>(
    `select key, value from _millrace._meta where starts_with(key, ${literal(prefix)})`,
  );
  return new Map(rows.map(({ key, value }) => [key.slice(prefix.length), JSON.parse(value) as Kept]));
}

export async function noteBody(session: Session, key: string, body: Body | Replaced): Promise<void> {
  await write(session, key, JSON.stringify(body));
}

/** Null: prod has none of this name any more. */
export async function noteInstalled(session: Session, name: string, hash: string | null): Promise<void> {
  await write(session, `${INSTALLED}${name}`, hash);
}

async function write(session: Session, key: string, value: string | null): Promise<void> {
  await session.run("delete from _millrace._meta where key = $1", [key]);
  if (value !== null) await session.run("insert into _millrace._meta values ($1, $2)", [key, value]);
}

/** Name → hash of the body that prod has. */
export async function readInstalled(session: Session): Promise<Map<string, string>> {
  const rows = await session.rows<{ key: string; value: string }>(
    `select key, value from _millrace._meta where starts_with(key, ${literal(INSTALLED)})`,
  );
  return new Map(rows.map(({ key, value }) => [key.slice(INSTALLED.length), value]));
}
