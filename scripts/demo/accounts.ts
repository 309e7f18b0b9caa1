// The books of the demo: what the ledger says of each source, beside what the generator knows to be true.
import type { Truth } from "./truth.ts";

export interface SourceCounts {
  readonly asset: string;
  readonly read: number;
  readonly loaded: number;
  readonly quarantined: number;
  readonly filtered: number;
  /** Loads that do not add up. */
  readonly unbalanced: number;
}

/** One line per source: read = loaded + quarantined + filtered. */
export function wordsOfAccounts(accounts: readonly SourceCounts[]): string {
  const lines = accounts.map(({ asset, read, loaded, quarantined, filtered, unbalanced }) => {
    const adds = unbalanced === 0 && read === loaded + quarantined + filtered;
    const sum = [loaded, quarantined, filtered].map(grouped);
    return `  ${asset.padEnd(18)} ${grouped(read).padStart(7)} read = ${sum[0]} loaded + ${sum[1]} quarantined + ${sum[2]} filtered  ${adds ? "✓" : "✗"}`;
  });
  return ["Every record is accounted for", ...lines].join("\n");
}

/** What the ledger says and the generator does not; empty when all is as it should be. */
export function differences(accounts: readonly SourceCounts[], truth: Truth): readonly string[] {
  const [first, second] = truth.sales;
  const expected: readonly Omit<SourceCounts, "unbalanced">[] = [
    {
      asset: "raw.county_sales",
      read: first.read + second.read,
      loaded: first.loaded + second.loaded,
      quarantined: first.quarantined + second.quarantined,
      filtered: first.filtered + second.filtered,
    },
    { asset: "raw.listings", ...truth.listings },
  ];
  return expected.flatMap((wanted) => {
    const found = accounts.find(({ asset }) => asset === wanted.asset);
    if (found === undefined) return [`${wanted.asset} was not loaded`];
    const keys = ["read", "loaded", "quarantined", "filtered"] as const;
    const wrong = keys
      .filter((key) => found[key] !== wanted[key])
      .map((key) => `${wanted.asset}: ${found[key]} ${key}, it should be ${wanted[key]}`);
    return found.unbalanced === 0 ? wrong : [...wrong, `${wanted.asset}: ${found.unbalanced} loads do not add up`];
  });
}

function grouped(count: number): string {
  return count.toLocaleString("en-US");
}
