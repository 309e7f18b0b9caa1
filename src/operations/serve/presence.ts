// This engine's entry among those of a state that several share: signs of life, and whether it holds the warehouse. The dead are taken out of the list; what
// they left is adopted by whoever gets the warehouse after them.
import type { Clock } from "../../engine/clock.ts";
import { createRegistry } from "../../engine/registry.ts";
import { version } from "../../model/version.ts";
import type { EventStore } from "../../store/store.ts";
import { isShared } from "../state.ts";
import type { Workspace } from "../workspace.ts";

export interface Presence {
  /** What the entry says has changed. */
  tell(): void;
  close(): Promise<void>;
}

export interface PresenceOptions {
  readonly workspace: Workspace;
  readonly store: EventStore;
  readonly clock: Clock;
  /** Owner of this engine's attempts. */
  readonly id: string;
  readonly url: string;
  readonly holds: () => boolean;
  readonly onProblem: (error: unknown) => void;
}

/** Nothing to enter where the state is this machine's own. */
export async function enterEngines({ workspace, store, clock, id, url, holds, onProblem }: PresenceOptions): Promise<Presence> {
  if (!isShared(await workspace.config())) return { tell: () => {}, close: async () => {} };
  const registry = createRegistry({
    store,
    clock,
    id,
    card: () => ({ version, url, holdsWarehouse: holds() }),
    onDead: async () => {},
    onProblem,
  });
  await registry.start();
  return {
    tell: () => void registry.beat().catch(onProblem),
    close: () => registry.close(),
  };
}
