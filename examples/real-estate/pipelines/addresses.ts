// Two sources write one address in many ways; code says best what makes them equal.
import { defineAsset } from "millrace";

const SHORT: Readonly<Record<string, string>> = {
  STREET: "ST",
  AVENUE: "AVE",
  ROAD: "RD",
  LANE: "LN",
  PLACE: "PL",
  COURT: "CT",
  BOULEVARD: "BLVD",
  EAST: "E",
  WEST: "W",
  NORTH: "N",
  SOUTH: "S",
};

/** "12 East 7th Street" and "12 E. 7TH ST" → "12 E 7TH ST" */
export function normalize(address: string): string {
  const words = address.toUpperCase().split(/[^A-Z0-9]+/);
  return words
    .filter((word) => word !== "")
    .map((word) => SHORT[word] ?? word)
    .join(" ");
}

export const addresses = defineAsset({
  name: "clean.addresses",
  description: "Every address as it was written, with the form that both sources share",
  key: ["written"],
  needs: ["raw.county_sales", "raw.listings"],
  checks: [{ notNull: ["written", "normal"] }, { unique: ["written"] }],
  async *transform({ read }) {
    const seen = new Set<string>();
    for (const source of ["raw.county_sales", "raw.listings"]) {
      for await (const batch of read(source)) {
        const written = batch.map((row) => String(row["address"])).filter((text) => !seen.has(text) && seen.add(text));
        yield written.map((text) => ({ written: text, normal: normalize(text) }));
      }
    }
  },
});
