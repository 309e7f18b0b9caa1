// The one place that notes acts: every operation that is one (acts.ts) writes an entry of the audit log, whoever calls it and by whatever way.
//   A1. An act that starts a run is noted as soon as the run is durable, any other when it is done.
//   A2. One that failed is noted with its code; not when it failed before the state was opened, as nothing can have been done then, nor when it could not
//       be done here and is done by the engine, which notes it.
//   A3. Where the state is open, an act is written down before it is done (begun.ts), so that none is ever done without a trace.
import type { AuditEntryAnswer } from "../../model/access.ts";
import { asMillraceError, MillraceError, messageOf } from "../../model/errors.ts";
import type { JsonValue } from "../../model/json.ts";
import { actorNow } from "../actor.ts";
import type { App } from "../port.ts";
import type { Workspace } from "../workspace.ts";
import { type Act, acts } from "./acts.ts";
import type { BegunEntry } from "./begun.ts";

/** Of what was before or after; longer ones are cut to their first fields. */
const STATE_CHARS_MAX = 4_000;
const TEXT_CHARS_MAX = 2_000;
const SUBJECT_CHARS_MAX = 500;
/** The warehouse is the engine's. */
const HELD = "MR5001";
const NOT_NOTED = "MR8194";

type Operation = (...given: readonly unknown[]) => Promise<unknown>;
type AnyAct = Act<readonly unknown[], unknown>;

export function audited(workspace: Workspace, app: App): App {
  const wrapped = Object.entries(acts as unknown as Readonly<Record<string, AnyAct>>).map(([method, act]) => {
    const operation = Reflect.get(app, method) as Operation;
    return [method, (...given: readonly unknown[]) => carryOut({ workspace, app, act, operation }, given)] as const;
  });
  return { ...app, ...(Object.fromEntries(wrapped) as Partial<App>) };
}

interface Carried {
  readonly workspace: Workspace;
  readonly app: App;
  readonly act: AnyAct;
  readonly operation: Operation;
}

async function carryOut({ workspace, app, act, operation }: Carried, given: readonly unknown[]): Promise<unknown> {
  const name = act.name(...given);
  if (name === null) return operation(...given);
  const { by, via } = actorNow();
  const request = (typeof given[0] === "object" ? given[0] : {}) as { readonly by?: string; readonly why?: string };
  const common = { by: request.by ?? by, via, act: name, subject: act.subject(...given), why: request.why ?? null };
  const look = async (): Promise<unknown> => act.look?.(app, ...given).catch(() => null); // the act itself says what is wrong
  const before = await look();
  const forget = workspace.hasState() ? await begin(workspace, { ...common, before }) : async (): Promise<void> => {}; // A3
  let noted: Promise<void> | undefined;
  const told: Record<string, unknown> = {};
  const hear = (value: unknown): void => {
    if (typeof value !== "object" || value === null || noted !== undefined) return;
    const { type, run } = value as { readonly type?: unknown; readonly run?: unknown };
    if (type === "quarantine" || type === "fork" || type === "replay" || type === "backfill" || "backfill" in value)
      Object.assign(told, value);
    if (act.long !== true || typeof run !== "string") return;
    noted = note(workspace, { ...common, before, after: { ...told, run }, error: null });
    noted.catch(() => {}); // awaited below
  };
  try {
    const answer = await operation(...listening(given, hear));
    const states = act.states?.(answer) ?? {
      before,
      after: act.look === undefined ? { ...told, ...(answer as object | null) } : await look(),
    };
    noted ??= note(workspace, { ...common, ...states, error: null });
    await noted.catch((cause: unknown) => {
      throw notNoted(name, cause);
    });
    await forget().catch(() => {}); // it is in the audit log: the next engine takes it away
    return answer;
  } catch (thrown) {
    const { code } = asMillraceError(thrown);
    if (code === NOT_NOTED) throw thrown;
    if (noted === undefined && code !== HELD && workspace.hasState())
      noted = note(workspace, { ...common, before, after: null, error: code });
    await (noted ?? Promise.resolve()).then(forget).catch(() => {}); // what went wrong with the act itself is told
    throw thrown;
  }
}

function notNoted(act: string, cause: unknown): MillraceError {
  return new MillraceError({
    code: NOT_NOTED,
    message: `${act} was done, but it could not be written into the audit log: ${messageOf(cause)}`,
    hint: "do not send it again; the next start of the engine notes it",
    cause,
  });
}

/** The arguments, with an ear at every function among them. */
function listening(given: readonly unknown[], hear: (value: unknown) => void): readonly unknown[] {
  const heard = (value: unknown): unknown =>
    typeof value === "function"
      ? (...values: readonly unknown[]): unknown => {
          hear(values[0]);
          return (value as (...values: readonly unknown[]) => unknown)(...values);
        }
      : value;
  return given.map((value) => {
    const isTellers = typeof value === "object" && value !== null && Object.values(value).some((each) => typeof each === "function");
    return isTellers ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, heard(each)])) : heard(value);
  });
}

type Begun = Pick<AuditEntryAnswer, "by" | "via" | "act" | "subject" | "why"> & { readonly before: unknown };
type Noted = Begun & { readonly after: unknown; readonly error: string | null };

async function note(workspace: Workspace, { after, error, ...common }: Noted): Promise<void> {
  const [{ noteEntry }, store, entry] = await Promise.all([import("./audit.ts"), workspace.store(), entryOf(workspace, common)]);
  await noteEntry(store.tables, { ...entry, after: stateOf(after, (text) => workspace.redact(text)), error });
}

async function begin(workspace: Workspace, common: Begun): Promise<() => Promise<void>> {
  const [{ noteBegun }, store, entry] = await Promise.all([import("./begun.ts"), workspace.store(), entryOf(workspace, common)]);
  return noteBegun(store.tables, entry);
}

async function entryOf(workspace: Workspace, { by, via, act, subject, before, why }: Begun): Promise<BegunEntry> {
  const { name: environment } = await workspace.environment();
  const at = new Date(await workspace.now()).toISOString();
  const plain = (text: string | null, charsMax: number): string | null =>
    text === null ? null : workspace.redact(text).slice(0, charsMax);
  const states = { before: stateOf(before, (text) => workspace.redact(text)), why: plain(why, TEXT_CHARS_MAX) };
  return { at, by, via, act, subject: plain(subject, SUBJECT_CHARS_MAX), environment, ...states };
}

/** As JSON without secrets; of what is too long, the fields that are short. */
function stateOf(state: unknown, redact: (text: string) => string): JsonValue {
  const text = redact(JSON.stringify(state ?? null));
  if (text.length <= STATE_CHARS_MAX) return JSON.parse(text) as JsonValue;
  const value = JSON.parse(text) as JsonValue;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const short = Object.entries(value).filter(([, field]) => JSON.stringify(field).length <= STATE_CHARS_MAX / 10);
  return Object.fromEntries(short.slice(0, 10));
}
