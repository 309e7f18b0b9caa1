// What `retry:` of node, job and project comes to.
import { describe, expect, it } from "vitest";
import { retryPolicy } from "./policies.ts";

describe("a retry policy", () => {
  it("takes key by key the first that is set", () => {
    const policy = retryPolicy({ attempts: 5 }, { attempts: 2, delay: "3s", jitter: false });
    expect(policy).toEqual({ attempts: 5, delayMs: 3_000, factor: 2, maxDelayMs: 60_000, jitter: false });
  });

  it("never cuts a delay that somebody asked for", () => {
    expect(retryPolicy({ delay: "10m" })).toMatchObject({ delayMs: 600_000, maxDelayMs: 600_000 });
    expect(retryPolicy({ delay: "10m", maxDelay: "1m" })).toMatchObject({ delayMs: 600_000, maxDelayMs: 60_000 });
  });
});
