// The live stream: what changed, by topic, as deltas. Whoever follows hears of every change or is told to look again; nothing is lost in silence.
//   L1. Topics: `runs`, `run:ID`, `assets`, `jobs`, `logs:ID`, `project` (its files were read again), `data` (an act changed something that no run did).
//   L2. Where the change is too large to be told, or not known one by one, `changed` is null: read it again.
//   L3. A message is told after every answer of the API can know what it tells.
import type { JsonValue } from "./json.ts";

export interface LiveMessage {
  /** Where a stream that breaks after it goes on. */
  readonly id: string;
  readonly topic: string;
  readonly changed: JsonValue;
}

export interface LiveWish {
  readonly topics: readonly string[];
  /** Whose names are meant; undefined: the engine's. */
  readonly environment: string | undefined;
  /** The id of the last message that was heard; null for who begins. */
  readonly after: string | null;
}

export interface LiveOpened {
  /** Where it begins. */
  readonly id: string;
  /** What was missed since `after`; null when that is too long ago to tell. */
  readonly missed: readonly LiveMessage[] | null;
  close(): void;
}

export interface LivePort {
  /** Of Millrace: a page of another one loads itself again. */
  readonly version: string;
  /** `take` is called from then on, never before `open` has resolved. */
  open(wish: LiveWish, take: (message: LiveMessage) => void): Promise<LiveOpened>;
  /** Resolves when what was appended more than a moment ago counts in `versionOf`; undefined: it does. */
  settled(): Promise<void> | undefined;
  /** Where a stream goes on that is to tell all that an answer, made from now on, does not have; null before anybody read or followed. */
  place(): string | null;
  /** Goes up whenever something of the topic has changed. */
  versionOf(topic: string): number;
  /** Something was appended for somebody who is answered now: it counts for every read from now on. */
  answered(): void;
  /** An act has ended: what it changed counts from now on, whether a run or nobody's run did it. */
  acted(what: string): Promise<void>;
}
