// Long files first, so that all workers end together: by what they took in the last CI (seconds), then by size. Nothing depends on the order.
import type { TestSpecification } from "vitest/node";
import { statSync } from "node:fs";
import { BaseSequencer } from "vitest/node";

/** Only what takes much longer than its size tells. */
const LONG_S: Readonly<Record<string, number>> = {
  "test/chaos-load.svc.test.ts": 90,
  "test/chaos-load.test.ts": 70,
  "test/docs.test.ts": 100,
  "test/chaos.svc.test.ts": 75,
  "test/environments/promotion.test.ts": 100,
  "test/acts.test.ts": 80,
  "test/crash.test.ts": 60,
  "test/bad-input-ingestion.test.ts": 60,
  "test/bad-input-orchestrator.test.ts": 60,
  "test/mutants.test.ts": 60,
  "test/secrets.svc.test.ts": 60,
  "test/lineage-oracle.test.ts": 50,
  "src/testing/simulate.test.ts": 45,
  "test/bad-input.test.ts": 45,
  "test/chaos.test.ts": 45,
  "test/cli.test.ts": 45,
  "test/serve.test.ts": 45,
  "src/testing/admission.test.ts": 35,
  "test/chaos-load-repairs.test.ts": 35,
  "test/destination-faults.svc.test.ts": 35,
  "test/backfill.test.ts": 30,
  "test/raw-kill.test.ts": 30,
  "src/operations/environments/environments.test.ts": 25,
  "src/load/raw/rebuild.test.ts": 25,
  "src/load/reconcile.test.ts": 25,
};
/** A test file of so many bytes takes about a second. */
const BYTES_PER_S = 4_000;

export default class LongFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { root } = this.ctx.config;
    const seconds = ({ moduleId }: TestSpecification): number =>
      LONG_S[moduleId.slice(root.length + 1)] ?? statSync(moduleId).size / BYTES_PER_S;
    return Promise.resolve(files.toSorted((a, b) => seconds(b) - seconds(a)));
  }
}
