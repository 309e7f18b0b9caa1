// Who may do what, and what was done: tokens, sessions of the page, the audit log.
import type { JsonValue } from "./json.ts";

export const SCOPES = ["read", "operate", "admin"] as const;
/** `read` looks; `operate` acts on runs and data; `admin` gives others access and removes for good. Each includes those before it. */
export type Scope = (typeof SCOPES)[number];

/** How somebody speaks: by the command line, the page, the API, or as an agent. */
export type Via = "command" | "page" | "api" | "agent";

export interface Actor {
  readonly by: string;
  readonly via: Via;
}

/** Who speaks in a request, and how much is theirs. */
export interface Holder extends Actor {
  readonly scope: Scope;
  /** `machine`: nobody in particular on this machine; `engine`: who can read the engine's own token. */
  readonly kind: "machine" | "engine" | "token" | "session";
  /** Of a token or a session; null for the others, which end with the engine. */
  readonly id: string | null;
  /** Milliseconds since 1970. */
  readonly expiresAt: number | null;
}

export function includes(held: Scope, wanted: Scope): boolean {
  return SCOPES.indexOf(held) >= SCOPES.indexOf(wanted);
}

export interface TokenAnswer {
  readonly id: string;
  readonly name: string;
  readonly scope: Scope;
  readonly status: "live" | "expired" | "revoked";
  readonly by: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly revokedAt: string | null;
  /** To within minutes; null when it never was. */
  readonly lastUsedAt: string | null;
}

export interface TokensAnswer {
  /** Newest first. */
  readonly tokens: readonly TokenAnswer[];
}

export interface TokenCreatedAnswer extends TokenAnswer {
  /** Told this once; what is kept is its hash. */
  readonly token: string;
}

/** What a link to the page of the running engine is. */
export interface PageLinkAnswer {
  /** Its key opens one session. */
  readonly link: string;
  readonly expiresAt: string;
}

export interface SessionAnswer {
  readonly by: string;
  readonly via: Via;
  readonly scope: Scope;
  /** False: reads alone, as whoever speaks has no session and no token. */
  readonly signedIn: boolean;
  readonly expiresAt: string | null;
}

export interface AuditEntryAnswer {
  /** Counts up; none is left out. */
  readonly entry: number;
  readonly at: string;
  readonly by: string;
  readonly via: Via;
  /** The name of the act, as the API has it. */
  readonly act: string;
  /** What it was done to. */
  readonly subject: string | null;
  readonly environment: string;
  readonly before: JsonValue;
  readonly after: JsonValue;
  readonly why: string | null;
  /** The code of the error that it ended with; null when it was done. */
  readonly error: string | null;
}

export interface AuditAnswer {
  /** Newest first. */
  readonly entries: readonly AuditEntryAnswer[];
  /** Where the list goes on; null at its end. */
  readonly next: string | null;
}

/** What came of a request, kept under its idempotency key. */
export interface KeptReply {
  readonly status: number;
  readonly body: string | null;
}

/** `new`: nobody has sent the key; carry it out. `other`: it stood for another request. `unknown`: it began, and no answer was kept. */
export type OnceVerdict = { readonly state: "new" | "other" | "unknown" } | { readonly state: "done"; readonly reply: KeptReply };

/** What the server asks of the project's state about those who speak to it. */
export interface AccessPort {
  /** Milliseconds since 1970. */
  now(): number;
  /** Who speaks without a name of their own: the user of this process. */
  readonly name: string;
  /** Who shows a token or the secret of a session; undefined for what opens nothing. */
  holder(secret: string): Promise<Holder | undefined>;
  beginSession(of: Pick<Holder, "by" | "scope" | "id" | "expiresAt">): Promise<{ readonly secret: string; readonly holder: Holder }>;
  endSession(id: string): Promise<void>;
  /** Carries work out in somebody's name. */
  actingAs<Result>(who: Actor, work: () => Result): Result;
  /** Takes a key for a request, by its fingerprint. */
  takeKey(key: string, fingerprint: string): Promise<OnceVerdict>;
  /** Null: nothing was done, the key is free again. */
  keepReply(key: string, reply: KeptReply | null): Promise<void>;
}
