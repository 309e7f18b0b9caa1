// Where a client asks: a server by its address, or the project in a folder, through its engine where one runs and else in this process.
import type { Ask } from "./ask.ts";
import type { News } from "./news.ts";

export interface Place {
  readonly ask: Ask;
  /** What to hear of as it changes: topics of the live stream. */
  news(topics: readonly string[]): News;
  /** The engine of the folder that runs now, by its process; null where there is none, or where the place is an address. */
  engine(): number | null;
  /** Lets go of what the place holds; it can be asked again after that. */
  close(): Promise<void>;
}
