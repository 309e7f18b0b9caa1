// One-time keys of links to the page: a key opens one session, within hours. What is kept of it is a hash, in this process alone.
import { createHash, randomBytes } from "node:crypto";

const KEY_BYTES = 24;
const KEPT_MS = 12 * 3_600_000;
const KEYS_MAX = 100;

export interface Keys {
  make(): { readonly key: string; readonly expiresAt: number };
  /** True once for each key that was made. */
  take(key: string): boolean;
}

export function createKeys(nowMs: () => number): Keys {
  const expiries = new Map<string, number>();
  return {
    make() {
      const [oldest] = expiries.size >= KEYS_MAX ? expiries.keys() : [];
      if (oldest !== undefined) expiries.delete(oldest);
      const key = randomBytes(KEY_BYTES).toString("base64url");
      const expiresAt = nowMs() + KEPT_MS;
      expiries.set(hash(key), expiresAt);
      return { key, expiresAt };
    },
    take(key) {
      const expiresAt = expiries.get(hash(key));
      expiries.delete(hash(key));
      return expiresAt !== undefined && expiresAt > nowMs();
    },
  };
}

function hash(key: string): string {
  return createHash("sha256").update(key).digest("base64");
}
