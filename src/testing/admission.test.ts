// Tier 3 of admission: many seeded worlds judged by the auditor; every planted bug is found.
import { describe, expect, it } from "vitest";
import { createEngine } from "../engine/engine.ts";
import { MillraceError } from "../model/errors.ts";
import { admissionBugs, plantInAdmission, SEEDS_TO_FIND_AN_ADMISSION_BUG } from "./admission-bugs.ts";
import { type AdmissionUnderTest, simulateAdmission } from "./simulate-admission.ts";

const SEEDS = 30;

/** The first seed that finds a violation; null when none does. */
async function firstSeed(under: AdmissionUnderTest): Promise<number | null> {
  for (let seed = 0; seed < SEEDS_TO_FIND_AN_ADMISSION_BUG; seed++) {
    try {
      await simulateAdmission(seed, under);
    } catch {
      return seed;
    }
  }
  return null;
}

describe("admission, simulated", () => {
  it(`keeps its promises in ${SEEDS} worlds`, async () => {
    for (let seed = 0; seed < SEEDS; seed++) await simulateAdmission(seed, { createEngine, MillraceError });
  }, 120_000);

  for (const bug of admissionBugs)
    it(`finds a planted bug: ${bug.name}`, async () => {
      expect(await firstSeed(await plantInAdmission(bug))).not.toBeNull();
    }, 120_000);
});
