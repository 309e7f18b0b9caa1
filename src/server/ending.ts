// Event streams end with the token or session that opened them, when it expires or is revoked, by whichever process.
import type { Context } from "hono";
import type { AccessPort } from "../model/access.ts";
import type { LiveStreams, StreamOwner } from "./live/streams.ts";
import { holderIn, secretIn } from "./guard.ts";

/** How often it is looked whether one was revoked. */
const LOOK_EVERY_MS = 2_000;

export interface Endings {
  ownerOf(this: void, context: Context): StreamOwner;
  follow(streams: LiveStreams): void;
  close(): void;
}

export function followHolders(access: AccessPort | undefined): Endings {
  const secrets = new Map<string, string>();
  let look: NodeJS.Timeout | undefined;
  return {
    ownerOf(context) {
      const { id, expiresAt } = holderIn(context);
      const secret = secretIn(context);
      if (id !== null && secret !== undefined) secrets.set(id, secret);
      return { token: id, untilMs: expiresAt };
    },
    follow(streams) {
      if (access === undefined) return;
      look = setInterval(() => {
        if (streams.count() === 0) return secrets.clear();
        for (const [id, secret] of secrets) {
          const end = (): void => {
            secrets.delete(id);
            streams.end("revoked", id);
          };
          void access.holder(secret).then(
            (holder) => holder === undefined && end(),
            () => {}, // the state is away for a moment
          );
        }
      }, LOOK_EVERY_MS).unref();
    },
    close: () => clearInterval(look),
  };
}
