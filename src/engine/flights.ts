// The attempts that this engine carries out for one run: begun once per node#attempt, aborted when they should no longer run. An attempt of a node begins
// only when the one before has ended or has had its grace, so that a slow loser does not work beside its successor.
import type { Attempt, AttemptResult, Executor } from "../model/attempt.ts";
import { MillraceError } from "../model/errors.ts";
import type { NodeId } from "../model/graph.ts";
import type { Outcome } from "../run/input.ts";
import { boundItems, boundText, factsOf, recordOf } from "./bounds.ts";
import type { NodeRow } from "../views/run-fold.ts";
import type { Clock } from "./clock.ts";
import type { AttemptLogs } from "./logs.ts";

/** How long an aborted attempt may take to end before nobody waits for it any more. */
export const ABORT_GRACE_MS = 5_000;
/** How long the next attempt of a node waits for an aborted one to end. Its own time is running meanwhile, so this is short. */
const SUCCESSOR_WAITS_MS = 1_000;

export interface Flight {
  readonly node: string;
  readonly attempt: number;
}

/** What an attempt is told of its run. */
export interface AttemptContext extends Pick<Attempt, "firstStartedAt" | "now" | "earlier"> {
  readonly row: NodeRow;
}

export interface FlightsOptions {
  readonly run: string;
  readonly executor: Executor;
  readonly clock: Clock;
  readonly logs: AttemptLogs | null;
  /** What the run knows of the node of an attempt that begins. */
  readonly contextOf: (node: NodeId) => AttemptContext;
  /** An attempt that should still run has ended. */
  readonly onEnd: (flight: Flight, outcome: Outcome) => void;
}

export interface Flights {
  has(flight: Flight): boolean;
  begin(flight: Flight): void;
  /** Tells an attempt to end; its end is still reported. */
  abort(flight: Flight, reason: () => MillraceError): void;
  /** Forgets what `keep` refuses, and aborts it if it goes on: its end is nobody's concern. */
  abortUnless(keep: (flight: Flight) => boolean, reason: () => MillraceError): void;
  /** Aborts all; their ends are still reported: what was not successful as interrupted. Resolves when all have ended, or after the grace. */
  stop(): Promise<void>;
  current(): readonly Flight[];
  /** Resolves when the logs of all attempts that have ended are on the disk. */
  logged(): Promise<void>;
}

interface OpenFlight extends Flight {
  readonly controller: AbortController;
  aborted: boolean;
  ended: Promise<void>;
  /** Its end is reported and perhaps not stored yet: it stays known, or it would be begun a second time. */
  reported: boolean;
}

function outcomeOfResult(result: AttemptResult | undefined, log: Attempt["log"]): Outcome {
  if (result?.skip !== undefined) return { kind: "skipped", why: boundText(result.skip) };
  if (result?.wait !== undefined) return { kind: "waiting", wait: { ...result.wait, why: boundText(result.wait.why) } };
  if (result?.items !== undefined) return { kind: "mapped", items: boundItems(result.items) };
  const facts = factsOf(result);
  if (result?.error === undefined) return { kind: "succeeded", facts, reused: result?.reused === true };
  const error = recordOf(result.error);
  log("error", `${error.code} ${error.message}`);
  return { kind: "failed", error, ...(facts.checks === undefined ? {} : { checks: facts.checks }) };
}

const NOBODY_WATCHES = { beat: () => {}, end: () => {} };

/** Calls `onSilence` once when `beat` was not called for so long. */
function watchSilence(
  clock: Clock,
  silenceMs: number | undefined,
  onSilence: () => void,
): { readonly beat: () => void; readonly end: () => void } {
  if (silenceMs === undefined) return NOBODY_WATCHES;
  let lastAt = clock.now();
  let cancel = (): void => {};
  const watch = (ms: number): void => {
    cancel = clock.after(ms, () => {
      const left = lastAt + silenceMs - clock.now();
      if (left > 0) watch(left);
      else onSilence();
    });
  };
  watch(silenceMs);
  return {
    beat: () => {
      lastAt = clock.now();
    },
    end: () => cancel(),
  };
}

const keyOf = ({ node, attempt }: Flight): string => `${node}#${attempt}`;

export function createFlights(options: FlightsOptions): Flights {
  const { run, executor, clock, logs } = options;
  const flights = new Map<string, OpenFlight>();
  /** By node: aborted attempts that have not ended. */
  const leaving = new Map<string, Promise<void>>();
  const closingLogs = new Set<Promise<void>>();
  let stopping = false;

  const carryOut = async (flight: OpenFlight, before: Promise<void> | undefined): Promise<void> => {
    if (before !== undefined) await before;
    const outcome = flight.aborted ? null : await outcomeOf(flight);
    if (flights.get(keyOf(flight)) !== flight || flight.reported) return;
    flight.reported = true;
    options.onEnd(flight, outcome === null || (stopping && outcome.kind !== "succeeded") ? { kind: "interrupted" } : outcome);
  };

  const outcomeOf = async (flight: OpenFlight): Promise<Outcome> => {
    const { node, attempt, controller } = flight;
    const file = logs?.open(run, node, attempt);
    const { row, firstStartedAt, now, earlier } = options.contextOf(node);
    const { silenceMs, partition, code } = row.plan;
    const silence = watchSilence(clock, silenceMs, () => giveUp(flight, silenceMs!));
    const log: Attempt["log"] = (level, message, fields) => {
      silence.beat();
      file?.write(new Date(clock.now()).toISOString(), level, message, fields);
    };
    try {
      const result = await executor.run({
        run,
        node,
        attempt,
        token: `${run}/${node}#${attempt}`,
        log,
        beat: silence.beat,
        item: row.item,
        partition,
        code,
        waits: row.waits,
        firstStartedAt,
        signaled: row.signaled,
        now,
        earlier,
        // Made when it is asked for: a signal costs more than everything else that an attempt needs.
        get signal() {
          return controller.signal;
        },
      });
      return outcomeOfResult(result, log);
    } catch (thrown) {
      const error = recordOf(thrown);
      log("error", `${error.code} ${error.message}`);
      return { kind: error.code === "MR6004" ? "lost" : "failed", error };
    } finally {
      silence.end();
      // The next node does not wait for the last lines of this one's log; the end of the run does.
      if (file !== undefined) {
        const closing = file.close().finally(() => closingLogs.delete(closing));
        closingLogs.add(closing);
      }
    }
  };

  /** Ends an attempt that is silent, whether it heeds the abort or not. */
  const giveUp = (flight: OpenFlight, silenceMs: number): void => {
    if (flights.get(keyOf(flight)) !== flight || flight.reported) return;
    const error = new MillraceError({
      code: "MR6014",
      message: `${flight.node} gave no sign of life for ${silenceMs} ms`,
      retryable: true,
    });
    abort(flight, error);
    flight.reported = true;
    leave(flight);
    options.onEnd(flight, { kind: "timeout", error: recordOf(error) });
  };

  const abort = (flight: OpenFlight, reason: MillraceError): void => {
    flight.aborted = true;
    flight.controller.abort(reason);
  };
  const leave = (flight: OpenFlight): void => {
    const grace = new Promise<void>((resolve) => {
      const cancel = clock.after(SUCCESSOR_WAITS_MS, resolve);
      void flight.ended.finally(() => {
        cancel();
        resolve();
      });
    });
    leaving.set(flight.node, grace);
    void grace.finally(() => {
      if (leaving.get(flight.node) === grace) leaving.delete(flight.node);
    });
  };

  return {
    has: (flight) => flights.has(keyOf(flight)),
    logged: async () => {
      await Promise.allSettled(closingLogs);
    },
    current: () => [...flights.values()],
    begin({ node, attempt }) {
      const flight: OpenFlight = {
        node,
        attempt,
        controller: new AbortController(),
        aborted: false,
        ended: Promise.resolve(),
        reported: false,
      };
      flights.set(keyOf(flight), flight);
      flight.ended = carryOut(flight, leaving.get(node));
    },
    abort(flight, reason) {
      const open = flights.get(keyOf(flight));
      if (open !== undefined && !open.reported && !open.aborted) abort(open, reason());
    },
    abortUnless(keep, reason) {
      for (const [key, flight] of flights) {
        if (keep(flight)) continue;
        flights.delete(key);
        if (flight.reported) continue;
        abort(flight, reason());
        leave(flight);
      }
    },
    async stop() {
      stopping = true;
      const all = [...flights.values()].filter((flight) => !flight.reported);
      for (const { controller } of all)
        controller.abort(new MillraceError({ code: "MR6005", message: "the engine is stopping", retryable: true }));
      if (all.length === 0) return;
      await new Promise<void>((resolve) => {
        const cancel = clock.after(ABORT_GRACE_MS, resolve);
        void Promise.allSettled(all.map((flight) => flight.ended)).finally(() => {
          cancel();
          resolve();
        });
      });
    },
  };
}
