// `inspect` and `convert`: the same reader as a source, without a project.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { ConvertedFileAnswer } from "../../model/answers.ts";
import { sourceSpec } from "../../model/definitions/source.ts";
import { convertFiles } from "./convert.ts";
import { inspectFiles } from "./inspect.ts";
import { filesOptions } from "./options.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-tools-"));
  const put = (name: string, contents: string | Buffer): void => {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), contents);
  };
  put(
    "data/2018/sales.csv",
    "Rolling sales\r\nAll boroughs\r\n\r\nBOROUGH, SALE PRICE ,ZIP\r\n1,730000,00501\r\n2,5,10001\r\n3,7,10002\r\n",
  );
  put("data/2019/sales.csv.gz", gzipSync("a,b\n1,x\n2,y\n"));
  put("data/2019/sales.ndjson", `{"id":1}\n{"id":2}\nnot json\n`);
  put("data/2019/broken.json", `{"id":1`);
  put("data/v1.2.csv", "a,b\n1,x\n2,y\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function convert(
  files: readonly string[],
  to: string,
  format: "parquet" | "csv" | "ndjson" | "xlsx" | "avro" = "parquet",
): Promise<ConvertedFileAnswer[]> {
  const answers: ConvertedFileAnswer[] = [];
  await convertFiles(files, { to, format, types: "infer", folder }, (answer) => answers.push(answer));
  return answers;
}

describe("convert", () => {
  it("writes one output per input, below the folder as the inputs lie below theirs, and never two into one", async () => {
    const answers = await convert(["data/2018/sales.csv", "data/2019/sales.csv.gz", "data/2019/sales.ndjson", "data/v1.2.csv"], "out");
    expect(answers.map((answer) => [answer.output, answer.rows, answer.columns, answer.quarantined, answer.error])).toEqual([
      ["out/2018/sales.parquet", 3, 3, 0, null],
      ["out/2019/sales.parquet", 2, 2, 0, null],
      ["out/2019/sales_2.parquet", 2, 1, 1, null],
      ["out/v1.2.parquet", 2, 2, 0, null],
    ]);
    expect(answers[0]?.dialect).toMatchObject({ delimiter: "," });
    expect(answers[2]?.dialect).toBe(null);
    const connection = await (await DuckDBInstance.create(":memory:")).connect();
    const reader = await connection.runAndReadAll(`select * from read_parquet('${join(folder, "out/2018/sales.parquet")}') limit 1`);
    expect(reader.getRowsJson()).toEqual([["1", "730000", "00501"]]);
    connection.closeSync();
  });

  it("tells of each file that cannot be read, and goes on with the others", async () => {
    const answers = await convert(["data/none.csv", "data/2019/broken.json", "data/2019", "data/v1.2.csv"], "out2", "ndjson");
    expect(answers.map((answer) => [answer.file, answer.output, answer.error?.code ?? null])).toEqual([
      ["data/none.csv", null, "MR3100"],
      ["data/2019/broken.json", null, "MR3107"],
      ["data/2019", null, "MR3102"],
      ["data/v1.2.csv", "out2/v1.2.ndjson", null],
    ]);
    expect(readdirSync(join(folder, "out2"))).toEqual(["v1.2.ndjson"]);
  });

  it("unfolds a pattern that the shell left alone, and writes into the folder itself when there is one input folder", async () => {
    const answers = await convert(["data/*.csv", "data/v1.2.csv"], "out3", "csv");
    expect(answers.map((answer) => answer.output)).toEqual(["out3/v1.2.csv"]);
  });
});

describe("inspect", () => {
  it("says what was understood, and prints a source that is valid and pins it", async () => {
    const [report] = await inspectFiles(["data/2018/sales.csv"], { folder });
    expect(report).toMatchObject({ file: "data/2018/sales.csv", rows: 3, error: null, compression: "none" });
    const source = sourceSpec.parse(parse(report?.["yaml"] as string));
    expect(source.columns).toEqual({
      borough: { from: "BOROUGH", type: "bigint" },
      sale_price: { from: " SALE PRICE ", type: "bigint" },
      zip: { from: "ZIP", type: "varchar" },
    });
    expect(filesOptions.parse(source.from["files"])).toMatchObject({
      path: "data/2018/sales.csv",
      format: "csv",
      delimiter: ",",
      skipLines: 3,
    });
  });

  it("shows what was set aside, and the error of a file that is not there", async () => {
    const [lines, none] = await inspectFiles(["data/2019/sales.ndjson", "data/none.csv"], { folder });
    expect(lines?.["rejected"]).toEqual([
      { kind: "quarantined", line: 3, lines: 1, rule: "invalidJson", reason: expect.any(String) as string, raw: "not json" },
    ]);
    expect(none).toMatchObject({ file: "data/none.csv", error: { code: "MR3100" } });
  });
});
