// `models/…/NAME.yaml`: a model that is described, not written. Its query is made here; from then on it is a model like any other.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { CheckEntry } from "../../model/definitions/check.ts";
import { type EnrichedSpec, enrichedSpec } from "../../model/definitions/enrich.ts";
import { modelSpec } from "../../model/definitions/model.ts";
import type { ModelNode } from "../../model/graph.ts";
import { assetName, checksOf, common, componentsOf, type DefinitionFile, readSpec, readYamlFile } from "../assets.ts";
import { expandComponents } from "../components-expand.ts";
import type { Document } from "../document.ts";
import { hashDefinition } from "../hash.ts";
import { plainName } from "../names.ts";
import { type Reader, tell } from "../reader.ts";
import { readText } from "../text-file.ts";
import { clusterSql } from "./cluster-sql.ts";
import { decisionsIn, reviewFile } from "./decisions.ts";
import { lookupSql } from "./lookup-sql.ts";
import { type MatchDecision, matchSql } from "./match-sql.ts";

const KINDS = ["match", "cluster", "lookup"] as const;

/** One of `match:`, `cluster:`, `lookup:`; undefined with what is wrong told. */
export function readEnrichedModel(reader: Reader, definition: DefinitionFile): ModelNode | undefined {
  const written = readYamlFile(reader, definition);
  if (written === undefined) return undefined;
  const document = expandComponents(reader, written, "asset");
  const spec = readSpec(reader, enrichedSpec, document);
  const id = assetName(reader, document, definition.inner, { schema: "main", folders: "schema" }, "model");
  const own = checksOf(reader, document, id);
  if (spec === undefined || id === undefined || !isSound(reader, document, spec)) return undefined;
  const { match, cluster, lookup, ...rest } = spec;
  const checks = [...own, ...missChecks(spec)];
  const plain = modelSpec.parse({ ...rest, checks });
  const sql = sqlOf({ match, cluster, lookup }, match === undefined ? [] : decisions(reader, id));
  return {
    kind: "model",
    id,
    file: definition.file,
    ...common(plain, reader.config),
    ...componentsOf(document),
    codeHash: hashDefinition(plain, sql),
    spec: plain,
    sql,
    sqlOffset: 0,
    text: sql,
    described: document.text,
    checks,
  };
}

function sqlOf({ match, cluster, lookup }: Pick<EnrichedSpec, "match" | "cluster" | "lookup">, decided: readonly MatchDecision[]): string {
  if (match !== undefined) {
    const right = match.right === undefined ? {} : { right: plainName(match.right) };
    return matchSql({ ...match, left: plainName(match.left), ...right }, decided);
  }
  if (cluster !== undefined) return clusterSql({ ...cluster, pairs: plainName(cluster.pairs), of: plainName(cluster.of) });
  return lookupSql({ ...lookup!, from: plainName(lookup!.from), in: plainName(lookup!.in) });
}

function isSound(reader: Reader, document: Document, spec: EnrichedSpec): boolean {
  const given = KINDS.filter((kind) => spec[kind] !== undefined);
  if (given.length !== 1) {
    const message =
      given.length === 0 ? "a model in YAML has one of match, cluster, lookup" : `a model has one of ${given.join(" and ")}, not both`;
    tell(
      reader,
      given.length === 0 ? "MR1022" : "MR1023",
      message,
      document.locate(given.length === 0 ? [] : [given[1]!], "key"),
      "a model written in SQL is a .sql file",
    );
    return false;
  }
  const { match, lookup } = spec;
  if (match?.review !== undefined && match.review > match.threshold) {
    tell(reader, "MR1023", "review is above the threshold: nothing would be left to look at", document.locate(["match", "review"]));
    return false;
  }
  const empty = match?.compare.findIndex((each) => (each.column === undefined) === (each.sql === undefined)) ?? -1;
  if (empty >= 0) {
    tell(reader, "MR1022", "a comparison has column or sql", document.locate(["match", "compare", empty]));
    return false;
  }
  if (lookup !== undefined && Object.keys(lookup.on).length === 0) {
    tell(reader, "MR1022", "on: names no column", document.locate(["lookup", "on"]));
    return false;
  }
  if (lookup?.misses !== undefined && lookup.misses !== "keep" && lookup.found === undefined) {
    tell(
      reader,
      "MR1022",
      `misses: ${lookup.misses} needs found:, the column that tells a miss`,
      document.locate(["lookup", "misses"]),
      "found: zone_found",
    );
    return false;
  }
  return true;
}

/** What happens to rows whose key the reference lacks is a check of the model; a row without a key asks for nothing. */
function missChecks({ lookup }: EnrichedSpec): readonly CheckEntry[] {
  if (lookup?.found === undefined || lookup.misses === undefined || lookup.misses === "keep") return [];
  const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
  const asks = Object.keys(lookup.on).map((column) => `${quoted(column)} is not null`);
  const rule = { name: "lookup", where: `${quoted(lookup.found)} or not (${asks.join(" and ")})` };
  switch (lookup.misses) {
    case "quarantine":
      return [{ rule, onFail: "quarantine" }];
    case "warn":
      return [{ rule, severity: "warn" }];
    case "fail":
      return [{ rule }];
    default:
      return lookup.misses satisfies never;
  }
}

function decisions(reader: Reader, asset: string): readonly MatchDecision[] {
  const file = reviewFile(asset);
  const path = join(reader.dir, file);
  return existsSync(path) ? decisionsIn(readText(path, file), file) : [];
}
