// Unit tests stand beside their file; tests of the whole product in test/. Real parts everywhere, so a test may take seconds.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 2,
    reporters: ["default", "./test/closing-line.ts"],
  },
});
