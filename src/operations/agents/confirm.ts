// Decisions that an agent may propose and a person makes: the agent is given a name for what it asks, the person's command shows what that is and prints a
// token, and the act is done with the token.
//   C1. A token is good once, for exactly what was shown, and for CONFIRM_MS. What is kept of it is its hash.
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ConfirmationAsked, ConfirmationGranted, ConfirmationShown } from "../../model/confirm-answers.ts";
import { MillraceError } from "../../model/errors.ts";
import type { Workspace } from "../workspace.ts";

export interface ConfirmationRequest {
  /** What would be done, in words for the person. */
  readonly what: readonly string[];
  /** Exactly what is asked for. */
  readonly act: unknown;
}

interface Kept extends ConfirmationShown {
  readonly act: string;
  readonly token: string | null;
}

const CONFIRM_MS = 15 * 60_000;
const WAITING_MAX = 100;
const ID = /^c_[0-9a-f]{8}$/;

type Place = Pick<Workspace, "stateDir">;

/** @throws MR8132 when too many wait already */
export function askConfirmation(workspace: Place, { what, act }: ConfirmationRequest): ConfirmationAsked {
  const dir = workspace.stateDir("confirmations");
  const waiting = readdirSync(dir).filter((name) => read(dir, name.replace(/\.json$/, "")) !== undefined);
  if (waiting.length >= WAITING_MAX)
    throw new MillraceError({ code: "MR8132", message: `${waiting.length} requests wait for a person already`, retryable: true });
  const confirmation = `c_${randomBytes(4).toString("hex")}`;
  const until = new Date(Date.now() + CONFIRM_MS).toISOString();
  write(dir, { confirmation, until, what, act: hashOf(canonical(act)), token: null });
  return { confirmation, until };
}

/** @throws MR8132 */
export function showConfirmation(workspace: Place, confirmation: string): ConfirmationShown {
  const { until, what } = find(workspace, confirmation);
  return { confirmation, until, what };
}

/** The person says yes. @throws MR8132 */
export function grantConfirmation(workspace: Place, confirmation: string): ConfirmationGranted {
  const kept = find(workspace, confirmation);
  const token = `yes_${randomBytes(12).toString("base64url")}`;
  write(workspace.stateDir("confirmations"), { ...kept, token: hashOf(token) });
  return { confirmation, until: kept.until, what: kept.what, token };
}

/** C1. @throws MR8132 */
export function useConfirmation(workspace: Place, { token, act }: { readonly token: string; readonly act: unknown }): void {
  const dir = workspace.stateDir("confirmations");
  const hash = hashOf(token);
  const found = readdirSync(dir)
    .map((name) => read(dir, name.replace(/\.json$/, "")))
    .find((kept) => kept?.token === hash);
  if (found === undefined) throw refused("the confirmation is unknown, used already, or too old");
  if (found.act !== hashOf(canonical(act))) throw refused("the confirmation was given for something else");
  rmSync(join(dir, `${found.confirmation}.json`));
}

function refused(message: string): MillraceError {
  return new MillraceError({ code: "MR8132", message, hint: "ask without a confirmation again, and have a person confirm what is shown" });
}

function find(workspace: Place, confirmation: string): Kept {
  const kept = read(workspace.stateDir("confirmations"), confirmation);
  if (kept === undefined) throw refused(`nothing of the name ${confirmation} waits to be confirmed`);
  return kept;
}

/** Undefined where there is none; what is too old is removed. */
function read(dir: string, confirmation: string): Kept | undefined {
  if (!ID.test(confirmation)) return undefined;
  const path = join(dir, `${confirmation}.json`);
  try {
    const kept = JSON.parse(readFileSync(path, "utf8")) as Kept;
    if (Date.parse(kept.until) > Date.now()) return kept;
    rmSync(path, { force: true });
  } catch {
    // gone, or half written by a process that was killed: there is none
  }
  return undefined;
}

function write(dir: string, kept: Kept): void {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, `${kept.confirmation}.json`), JSON.stringify(kept), { mode: 0o600 });
}

/** The same text for the same value, whatever the order of its keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
