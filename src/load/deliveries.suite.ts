// Requests and deliveries for tests of loads. `textFile` is a reader of its own, simple and independent of the product's: no quotes but `"…"`.
import { createHash } from "node:crypto";
import { sourceSpec } from "../model/definitions/source.ts";
import { ident, literal } from "../sql/text.ts";
import type { Delivery, FileDelivery, Row, RowsDelivery } from "./connector.ts";
import type { LoadRequest } from "./request.ts";

export interface Overrides extends Partial<Omit<LoadRequest, "deliveries" | "spec" | "token">> {
  readonly deliveries: readonly Delivery[];
  readonly spec?: Partial<LoadRequest["spec"]>;
  readonly run?: string;
  readonly attempt?: number;
}

let runs = 0;

/** A request with everything a test does not care about. */
export function request(tempDir: string, { deliveries, spec, run, attempt, ...rest }: Overrides): LoadRequest {
  const asset = rest.asset ?? "raw.t";
  return {
    asset,
    spec: sourceSpec.parse({ from: {}, ...spec }),
    deliveries: (async function* () {
      yield* deliveries;
    })(),
    token: { run: run ?? `r${++runs}`, node: asset, attempt: attempt ?? 1 },
    codeHash: "code",
    sourceState: null,
    audit: () => Promise.resolve({ results: [] }),
    repair: "note",
    fullRefresh: false,
    tempDir,
    ...rest,
  };
}

export function page(name: string, rows: readonly Row[]): RowsDelivery {
  return { kind: "rows", name, rows };
}

/** A CSV file in memory, one record a line. Columns are BIGINT, DECIMAL(18,2) or text by what all cells look like. */
export function textFile(name: string, text: string): FileDelivery {
  const [head = "", ...lines] = text.replace(/\n$/, "").split("\n");
  const labels = cellsOf(head);
  const records = lines.filter((line) => line !== "").map(cellsOf);
  const hash = createHash("sha256").update(text).digest("hex");
  return {
    kind: "file",
    name,
    sizeBytes: text.length,
    modifiedMs: 0,
    format: "csv",
    hash: () => Promise.resolve(hash),
    stage: async ({ connection, into, columns, otherwise }) => {
      const types = labels.map((label, index) => {
        const cells = records.map((record) => record[index] ?? "").filter((cell) => cell !== "");
        if ((columns.get(label.trim()) ?? otherwise) === "text" || cells.length === 0) return "VARCHAR";
        if (cells.every((cell) => /^-?(0|[1-9]\d{0,15})$/.test(cell))) return "BIGINT";
        return cells.every((cell) => /^-?(0|[1-9]\d{0,9})(\.\d{1,2})?$/.test(cell)) ? "DECIMAL(18,2)" : "VARCHAR";
      });
      await connection.run(`create table ${into} (${labels.map((label, index) => `${ident(label.trim())} ${types[index]}`).join(", ")})`);
      for (let from = 0; from < records.length; from += 200) {
        const values = records
          .slice(from, from + 200)
          .map((record) => `(${labels.map((_, index) => ((record[index] ?? "") === "" ? "null" : literal(record[index]!))).join(", ")})`);
        await connection.run(`insert into ${into} values ${values.join(", ")}`);
      }
      return {
        rows: records.length,
        columns: labels.map((label, index) => ({
          name: label.trim(),
          label,
          type: types[index]!,
          exactText: types[index] !== "DECIMAL(18,2)",
          why: "",
        })),
        origins: records.length === 0 ? [] : [{ firstRow: 0, line: 2 }],
        hasRejected: false,
        records: { read: records.length, quarantined: 0, repaired: 0 },
        lines: { total: lines.length + 1, header: 1, preamble: 0, blank: 0 },
        sizeBytes: text.length,
        hash,
        understood: {
          format: "csv",
          compression: "none",
          dialect: { delimiter: ",", quote: '"', escape: '"', newline: "\n" },
          confidence: 1,
          doubts: [],
          warnings: [],
          road: "test",
        },
      };
    },
  };
}

function cellsOf(line: string): string[] {
  return line.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/).map((cell) => cell.replaceAll('"', ""));
}
