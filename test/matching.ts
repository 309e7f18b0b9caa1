// How well `match:` finds the same record twice, on sets whose truth is known: pairs found against pairs that are the same by the set's own ids.
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { MatchSpec } from "../src/model/definitions/enrich.ts";
import { matchSql } from "../src/project/enrich/match-sql.ts";
import { functionsSql } from "../src/sql/functions/millrace.ts";
import { literal } from "../src/sql/text.ts";

export interface Matched {
  readonly set: string;
  readonly records: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly seconds: number;
}

interface MatchSet {
  readonly set: string;
  readonly file: string;
  /** SQL of the record's true entity. */
  readonly truth: string;
  readonly id: string;
  readonly spec: Pick<MatchSpec, "prepare" | "block" | "compare" | "threshold" | "evidence">;
}

const PEOPLE: MatchSet["spec"] = {
  block: [
    "trim(soc_sec_id)",
    "trim(date_of_birth)",
    "left(trim(surname), 4) || trim(postcode)",
    "left(trim(given_name), 3) || left(trim(surname), 3)",
    "left(trim(address_1), 7) || trim(postcode)",
    "trim(given_name) || trim(suburb)",
  ],
  compare: [
    { column: "given_name", weight: 2 },
    { column: "surname", weight: 2 },
    { column: "date_of_birth", by: "levenshtein", weight: 3 },
    { column: "soc_sec_id", by: "levenshtein", weight: 3 },
    { column: "address_1", weight: 1.5 },
    { column: "suburb" },
    { column: "postcode", by: "levenshtein" },
  ],
  threshold: 0.65,
  evidence: 0.4,
};
const SITES: MatchSet["spec"] = {
  prepare: {
    place: "millrace.normal_address(address)",
    title: "millrace.normal_address(site_name)",
    number: "nullif(right(regexp_replace(phone, '[^0-9]', '', 'g'), 7), '')",
  },
  block: ["number", "left(place, 8)", "left(title, 9)"],
  compare: [
    { column: "title", weight: 2 },
    { column: "title", by: "words", weight: 1 },
    { column: "place", weight: 3 },
    { column: "number", by: "exact", weight: 1.5 },
    { column: "zip", by: "exact", weight: 0.5 },
  ],
  threshold: 0.75,
  evidence: 0.4,
};
const REC = String.raw`regexp_extract(rec_id, 'rec-(\d+)', 1)`;
export const SETS: readonly MatchSet[] = [
  { set: "Febrl 1, 1,000 people", file: "dataset1.csv", truth: REC, id: "rec_id", spec: PEOPLE },
  { set: "Febrl 2, 5,000 people", file: "dataset2.csv", truth: REC, id: "rec_id", spec: PEOPLE },
  { set: "Chicago, early-childhood sites", file: "csv_example_input_with_true_ids.csv", truth: "true_id", id: "id", spec: SITES },
];

export async function matchSet({ set, file, truth, id, spec }: MatchSet, folder: string): Promise<Matched> {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  await connection.run(functionsSql());
  await connection.run(
    `create schema raw; create table raw.records as select * from read_csv(${literal(join(folder, file))}, all_varchar = true, header = true, normalize_names = true)`,
  );
  const startedMs = performance.now();
  await connection.run(`create table pairs as ${matchSql({ left: "raw.records", id, ...spec }, [])}`);
  const seconds = (performance.now() - startedMs) / 1000;
  const counted = await connection.runAndReadAll(
    `
    with same as (select a.${id} as l, b.${id} as r from raw.records a join raw.records b on a.${id} < b.${id} and a.${truth} = b.${truth}),
      found as (select left_id as l, right_id as r from pairs where status = 'match')
    select (select count(*) from raw.records)::integer as records, (select count(*) from same)::integer as same,
      (select count(*) from found)::integer as found, (select count(*) from same semi join found using (l, r))::integer as right`
      .replaceAll(`a.${REC}`, REC.replace("rec_id", "a.rec_id"))
      .replaceAll(`b.${REC}`, REC.replace("rec_id", "b.rec_id")),
  );
  const { records, same, found, right } = counted.getRowObjectsJson()[0] as Record<"records" | "same" | "found" | "right", number>;
  const [precision, recall] = [right / found, right / same];
  return { set, records, precision, recall, f1: (2 * precision * recall) / (precision + recall), seconds };
}
