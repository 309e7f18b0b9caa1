// The files connector in the suite that all connectors pass.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { type SuiteRow, testConnector } from "../../testing/connector.suite.ts";
import { files } from "./index.ts";
import type { FilesOptions } from "./options.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-files-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let places = 0;

testConnector<FilesOptions>("files", {
  connector: files,
  source: {
    put(rows) {
      const path = join(folder, "in.ndjson");
      writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
      return Promise.resolve({ path });
    },
    wrong: () => ({ options: { path: join(folder, "not-there.csv") }, secret: "hunter2" }),
  },
  destination: {
    fresh: () => Promise.resolve({ path: join(folder, `out-${++places}.ndjson`) }),
    rows: ({ path }) =>
      Promise.resolve(
        readFileSync(String(path), "utf8")
          .split("\n")
          .filter((line) => line !== "")
          .map((line) => JSON.parse(line) as SuiteRow)
          .map(({ id, name }) => ({ id, name: name ?? null })),
      ),
  },
});
