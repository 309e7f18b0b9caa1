// Who may ask now: the budget of a source, and of several tokens the one that is free first. A short wait is made here; a long one is the run's, which
// holds no place meanwhile.
import { setTimeout as sleep } from "node:timers/promises";
import type { Credential } from "../auth/credential.ts";
import { MillraceError } from "../../../model/errors.ts";
import type { Rate } from "../../../model/limits.ts";
import { type Account, reserve, untouched } from "../shared/arithmetic.ts";
import type { SharedState } from "../shared/state.ts";
import { RETRY_AFTER_WAIT_MAX_MS } from "./status.ts";

/** A budget that was closed while we waited is waited for again, so often at most. */
const TURNS_MAX = 100;

export interface Gate {
  /** Waits for its turn. @throws MR3503 when that is long; the signal's reason when aborted. */
  enter(signal: AbortSignal): Promise<Credential>;
  /** Nobody uses this credential for so long. */
  close(credential: Credential, waitMs: number): void;
}

export interface GateRequest {
  readonly credentials: readonly Credential[];
  readonly budget: { readonly name: string; readonly rate: Rate | undefined };
  readonly shared: () => Promise<SharedState>;
}

export function openGate({ credentials, budget, shared }: GateRequest): Gate {
  const candidates = credentials.map(({ budget: own }) => ({ key: own?.name ?? budget.name, rate: own?.rate ?? budget.rate }));
  const isShared = candidates.some(({ rate }) => rate !== undefined);
  // Without a declared rate only this session's own closures count: nothing is opened for it.
  const local = new Map<string, Account>();
  return {
    async enter(signal) {
      let waitedFor: number | undefined;
      for (let turn = 0; turn < TURNS_MAX; turn += 1) {
        const limits = { nowMs: Date.now(), waitMaxMs: RETRY_AFTER_WAIT_MAX_MS };
        const account = (key: string): Account => local.get(key) ?? untouched;
        const mine = waitedFor === undefined ? candidates : [{ ...candidates[waitedFor]!, rate: undefined }];
        const { index, waitMs, after } = isShared ? (await shared()).reserve(mine, limits) : reserve(mine, account, limits);
        if (after === null) {
          throw new MillraceError({
            code: "MR3503",
            message: `the budget of ${budget.name} is used up for ${Math.ceil(waitMs / 1_000)} s`,
            retryable: true,
            retryAfterMs: waitMs,
          });
        }
        const chosen = waitedFor ?? index;
        if (waitMs <= 0) return credentials[chosen]!;
        await pause(waitMs, signal);
        // The place is ours; only whether the server asked for silence meanwhile is looked at again.
        waitedFor = chosen;
      }
      throw new MillraceError({ code: "MR3503", message: `the budget of ${budget.name} was closed again and again`, retryable: true });
    },
    close(credential, waitMs) {
      const { key } = candidates[Math.max(0, credentials.indexOf(credential))]!;
      const closedUntilMs = Date.now() + waitMs;
      if (isShared) void shared().then((state) => state.closeUntil(key, closedUntilMs));
      else local.set(key, { ...(local.get(key) ?? untouched), closedUntilMs });
    },
  };
}

export async function pause(waitMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(waitMs, undefined, { signal });
  } catch (thrown) {
    throw signal.aborted ? signal.reason : thrown;
  }
}
