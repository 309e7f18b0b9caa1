// Who holds the warehouse does the data work. This engine opens it when it first needs it; while another process has it, it tries again, says so once, and
// everything that needs no data goes on.
import type { Clock } from "../../engine/clock.ts";
import { asMillraceError, type MillraceError } from "../../model/errors.ts";
import type { Workspace } from "../workspace.ts";

export interface Holder {
  /** Resolves when this process holds the warehouse. Rejects when the engine stops, or with what will not go away by waiting. */
  held(): Promise<void>;
  holds(): boolean;
}

export interface HolderOptions {
  readonly workspace: () => Workspace;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onWaiting: (error: MillraceError) => void;
  readonly onHeld: () => void;
}

const TRY_AGAIN_MS = 1_000;

export function createHolder({ workspace, clock, signal, onWaiting, onHeld }: HolderOptions): Holder {
  let holds = false;
  let asked: Promise<void> | null = null;

  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const cancel = clock.after(TRY_AGAIN_MS, resolve);
      signal.addEventListener(
        "abort",
        () => {
          cancel();
          resolve();
        },
        { once: true },
      );
    });
  const open = async (): Promise<void> => {
    let told = false;
    for (;;) {
      signal.throwIfAborted();
      try {
        await workspace().warehouse({ patienceMs: 0 });
        break;
      } catch (thrown) {
        const error = asMillraceError(thrown);
        if (error.code !== "MR5001") throw error;
        if (!told) onWaiting(error);
        told = true;
        await pause();
      }
    }
    holds = true;
    onHeld();
  };
  return {
    holds: () => holds,
    held() {
      asked ??= open().catch((error: unknown) => {
        asked = null; // whoever asks next tries again
        throw error;
      });
      return asked;
    },
  };
}
