// One feed of the store for all who follow: batches become messages by topic, at most PER_SECOND_MAX times a second, and only for topics that somebody
// follows. Versions of topics, by which answers are known to be fresh, cost one number each.
//   H1. Versions go up right before messages are told (model/live.ts L3), as often as there would be some, and whenever an act is answered.
//   H2. What was missed is folded from the store like what happens: a stream resumes after a restart of the server as after one of the network.
import type { Clock } from "../../engine/clock.ts";
import { createFeed, type Feed } from "../../engine/feed.ts";
import type { JsonValue } from "../../model/json.ts";
import type { LiveMessage, LiveOpened, LivePort, LiveWish } from "../../model/live.ts";
import type { Batch, EventStore } from "../../store/store.ts";
import { catchUp } from "../../views/catch-up.ts";
import { readRunRows, runsTable, type RunRow } from "../../views/runs.ts";
import { forgetBoards, onBoardChanged } from "./board.ts";
import type { LogTails } from "./log-tails.ts";
import { lookAgain } from "./project-kept.ts";
import { assetChanges, runChanges, runNodeChanges, type Touched, touchedBy } from "./touched.ts";
import { createVersions } from "./versions.ts";

const PER_SECOND_MAX = 10;
/** While nobody follows, an answer may be older than what the store has by this much: readers of a busy engine share one, and the engine goes on working. */
const UNHEARD_MS = 250;
/** More batches than this are not told to who comes back: read it all again. */
const MISSED_BATCHES_MAX = 2_000;

/** Acts (routes or operations) whose changes are events of runs or jobs, or no data at all. */
const ACTS_BY_RUNS =
  /^(runs?|backfills?|plan|apply|retry|fork|replay|approvals?|approve|triggers|tokens|session|audit|confirmations|cancel)/;

export interface HubOptions {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly version: string;
  /** What is meant where a wish names none. */
  readonly environment: string;
  readonly tails: LogTails;
  readonly onProblem: (error: unknown) => void;
}

export interface Hub extends LivePort {
  /** Something that no run did: files of the project were read again. */
  changed(topic: "project" | "data", what: JsonValue): void;
  close(): void;
}

interface Follower {
  readonly topics: ReadonlySet<string>;
  readonly environment: string;
  readonly take: (message: LiveMessage) => void;
}

export async function createHub({ store, clock, version, environment: own, tails, onProblem }: HubOptions): Promise<Hub> {
  await catchUp(store, runsTable);
  /** Of this process: messages that are not in the store are known by their number in it. */
  const boot = Math.floor(Math.random() * 2 ** 32).toString(36);
  const versions = createVersions();
  const followers = new Set<Follower>();
  let position = await store.tables.position(runsTable.name);
  let outside = 0;
  let pending: Batch[] = [];
  let isDirty = false;
  let settling: Promise<void> | undefined;
  let toldMs = Number.NEGATIVE_INFINITY;
  let timer: (() => void) | null = null;
  let telling: Promise<void> = Promise.resolve();

  const idNow = (): string => `${position}.${outside}.${boot}`;
  const tell = (topic: string, environment: string | null, changed: JsonValue, id: string): void => {
    const message = { id, topic, changed };
    for (const follower of followers)
      if (follower.topics.has(topic) && (environment === null || follower.environment === environment)) follower.take(message);
  };
  const tellStored = async (batches: readonly Batch[], id: string): Promise<void> => {
    if (followers.size === 0) return;
    const touched = touchedBy(batches);
    const wanted = new Set([...followers].flatMap(({ topics }) => [...topics]));
    for (const [topic, changed, environment] of await messagesOf(touched, wanted, new Set([...followers].map((each) => each.environment))))
      tell(topic, environment, changed, id);
  };
  /** What there is to tell of each topic that is wanted. */
  const messagesOf = async (
    touched: Touched,
    wanted: ReadonlySet<string>,
    environments: ReadonlySet<string>,
  ): Promise<readonly (readonly [topic: string, changed: JsonValue, environment: string | null])[]> => {
    const messages: (readonly [string, JsonValue, string | null])[] = [];
    const single = [...touched.runs.keys()].filter((run) => wanted.has(`run:${run}`));
    const isListed = (wanted.has("runs") || wanted.has("assets")) && touched.runs.size > 0;
    const asked = isListed ? [...touched.runs.keys()] : single;
    const rows: ReadonlyMap<string, RunRow> = asked.length === 0 ? new Map() : await readRunRows(store, asked);
    for (const run of single) messages.push([`run:${run}`, runNodeChanges(rows.get(run), touched.runs.get(run)!), null]);
    for (const environment of isListed ? environments : []) {
      if (wanted.has("runs")) messages.push(["runs", runChanges(rows.values(), environment), environment]);
      if (wanted.has("assets") && touched.hasNodes) messages.push(["assets", assetChanges(touched, rows, environment), environment]);
    }
    if (wanted.has("jobs") && touched.jobs.size > 0) messages.push(["jobs", [...touched.jobs], null]);
    return messages.filter(([, changed]) => !Array.isArray(changed) || changed.length > 0);
  };
  const dueInMs = (): number => toldMs + (followers.size === 0 ? UNHEARD_MS : 1_000 / PER_SECOND_MAX) - performance.now();
  const announce = (): void => {
    timer?.();
    timer = null;
    const batches = pending;
    pending = [];
    if (batches.length === 0) return;
    toldMs = performance.now();
    versions.raise(touchedBy(batches)); // H1
    const id = idNow();
    telling = telling.then(() => tellStored(batches, id)).catch(onProblem);
  };
  const take = (batches: readonly Batch[]): void => {
    position = batches.at(-1)!.position;
    pending.push(...batches);
    const waitMs = dueInMs();
    if (waitMs <= 0) announce();
    else timer ??= clock.after(waitMs, announce);
  };
  const feed: Feed = createFeed({ store, clock, afterPosition: position, onBatches: take, onProblem });
  const stopListening = store.changes(() => {
    isDirty = true;
  });
  const stopBoards = onBoardChanged(() => {
    versions.raiseOne("assets");
    tell("assets", null, null, idNow());
  });
  const settle = async (): Promise<void> => {
    isDirty = false;
    await feed.catchUp().catch((error: unknown) => {
      isDirty = true; // who reads next tries again
      throw error;
    });
    announce();
  };
  const changed = (topic: "project" | "data", what: JsonValue): void => {
    outside += 1;
    lookAgain();
    versions.raiseOne(topic);
    tell(topic, null, what, idNow());
  };
  const missedSince = async (after: string, { topics, environment = own }: LiveWish): Promise<readonly LiveMessage[] | null> => {
    const [at, count, of] = after.split(".");
    const from = Number(at);
    if (!Number.isSafeInteger(from) || from < 0 || from > position) return null;
    const batches = from === position ? [] : await store.readAll(from, MISSED_BATCHES_MAX);
    if (batches.length === MISSED_BATCHES_MAX) return null;
    const wanted = new Set(topics);
    const id = idNow();
    const messages = (await messagesOf(touchedBy(batches), wanted, new Set([environment]))).map(([topic, told]) => ({
      id,
      topic,
      changed: told,
    }));
    const unknown = of === boot && Number(count) === outside ? [] : ["project", "data"].filter((topic) => wanted.has(topic));
    const logs = topics.filter((topic) => topic.startsWith("logs:"));
    return [...messages, ...[...unknown, ...logs].map((topic) => ({ id, topic, changed: null }))];
  };

  return {
    version,
    place: idNow,
    versionOf: (topic) => versions.of(topic),
    settled() {
      if (settling !== undefined || !isDirty || dueInMs() > 0) return settling;
      const begun = settle().finally(() => {
        if (settling === begun) settling = undefined;
      });
      begun.catch(() => {}); // heard by who waits, if anybody does
      settling = begun;
      return begun;
    },
    answered() {
      toldMs = Number.NEGATIVE_INFINITY;
      isDirty = true;
      settling = undefined; // it may have read before
    },
    async acted(what) {
      if (!ACTS_BY_RUNS.test(what)) forgetBoards();
      await settle();
      changed("data", { act: what });
    },
    async open(wish, takeMessage): Promise<LiveOpened> {
      await settle();
      const { topics, environment = own, after } = wish;
      let early: LiveMessage[] | null = [];
      const follower: Follower = {
        topics: new Set(topics),
        environment,
        take: (message) => (early === null ? takeMessage(message) : early.push(message)),
      };
      const missed = after === null ? [] : await missedSince(after, wish);
      const id = idNow();
      followers.add(follower);
      const stops = topics.flatMap((topic) =>
        topic.startsWith("logs:")
          ? [tails.follow(topic.slice("logs:".length), (told) => follower.take({ id: idNow(), topic, changed: told }))]
          : [],
      );
      setImmediate(() => {
        const waiting = early ?? [];
        early = null;
        for (const message of waiting) takeMessage(message);
      });
      return {
        id,
        missed,
        close: () => {
          followers.delete(follower);
          for (const stop of stops) stop();
        },
      };
    },
    changed,
    close() {
      timer?.();
      stopListening();
      stopBoards();
      feed.close();
      tails.close();
    },
  };
}
