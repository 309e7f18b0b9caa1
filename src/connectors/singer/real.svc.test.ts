// A target as it is published (target-jsonl of PyPI): what it writes, and that its word is taken.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ensurePython } from "../../../test/service.ts";
import { openWarehouse } from "../../sql/warehouse.ts";
import { singer } from "./index.ts";
import { readContext } from "./tap.suite.ts";

it("takes our rows and says that they are safe", async () => {
  const bin = ensurePython("target-jsonl", ["target-jsonl==0.1.4"]);
  const folder = mkdtempSync(join(tmpdir(), "millrace-target-"));
  const warehouse = await openWarehouse({ path: join(folder, "warehouse.duckdb") });
  try {
    const query =
      "select range as id, (range * 0.01)::decimal(10, 2) as price, timestamp '2026-01-02 03:04:05' + to_seconds(range) as at, null::varchar as note from range(2500)";
    const written = await warehouse.session(({ connection }) =>
      singer.write!(
        { command: [join(bin, "target-jsonl")], config: { destination_path: folder }, stream: "sales" },
        { ...readContext(folder, connection), query, mode: "append", key: [], token: "t1" },
      ),
    );
    expect(written.rows).toBe(2_500);
    const [file] = readdirSync(folder).filter((name) => name.startsWith("sales-"));
    const lines = readFileSync(join(folder, file!), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { id: number; price: number });
    expect(lines).toHaveLength(2_500);
    expect(lines[1_234]).toMatchObject({ id: 1_234, price: 12.34, at: "2026-01-02T03:24:39.000000", note: null });
  } finally {
    warehouse.close();
    rmSync(folder, { recursive: true });
  }
});
