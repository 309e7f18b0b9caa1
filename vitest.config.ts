// Unit tests stand beside their file; tests of the whole product in test/. Real parts everywhere, so a test may take seconds.
import { existsSync } from "node:fs";
import { configDefaults, defineConfig } from "vitest/config";
import { realDataFolder } from "./test/real-data.ts";
import LongFirst from "./test/sequence.ts";

const hasRealData = existsSync(realDataFolder);
if (!hasRealData)
  console.error("!!! the folder of real data is missing: the tests in test/real/ do not run here, and some of test/messy-parquet.test.ts");

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "ui/src/**/*.test.ts", "test/**/*.test.ts"],
    exclude: [...configDefaults.exclude, ...(hasRealData ? [] : ["test/real/**"])],
    testTimeout: 120_000,
    hookTimeout: 300_000,
    globalSetup: ["./test/set-up.ts"],
    pool: "forks",
    maxWorkers: Number(process.env["MILLRACE_TEST_WORKERS"] ?? 2),
    sequence: { sequencer: LongFirst },
    reporters: ["default", "./test/closing-line.ts"],
  },
});
