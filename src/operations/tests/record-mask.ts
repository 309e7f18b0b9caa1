// Personal values never get into a recorded test: they are replaced, the same value by the same replacement wherever it stands, so that joins and groups
// stay what they are. The model's own rows are made of the replaced ones.
import type { JsonValue } from "../../model/answers.ts";
import type { NodeId, ProjectNode } from "../../model/graph.ts";
import type { AssetLineage, LineageSource } from "../../model/lineage.ts";
import { tellsOfPersons } from "../../model/personal.ts";
import { namesSecret } from "../../platform/secret-names.ts";

export interface MaskedColumns {
  /** Is the column personal, or does its name say that it is a secret? */
  isMasked(this: void, asset: NodeId, column: string): boolean;
}

const EMAIL = /^[^@\s]+@[^@\s]+\.[^@\s]+$/;
/** What `pii:` made of a value when it was loaded. */
const MASKED_ALREADY = /^(.\*{5}|\[redacted\]|[0-9a-f]{64})$/su;

export interface MaskRequest {
  readonly nodes: ReadonlyMap<NodeId, ProjectNode>;
  readonly lineageOf: (asset: NodeId) => AssetLineage | null;
  /** Whether what is made of a masked column in this way is masked, too. Default: unchanged or computed, not aggregated. */
  readonly passesOn?: (source: LineageSource) => boolean;
}

const passesValues = ({ kind }: LineageSource): boolean => kind === "identity" || kind === "transform";

/** Columns with `pii:`, columns made of them, and columns whose names say so. */
export function maskedColumns({ nodes, lineageOf, passesOn = passesValues }: MaskRequest): MaskedColumns {
  const known = new Map<string, boolean>();
  const isMasked = (asset: NodeId, column: string): boolean => {
    const key = `${asset}\0${column.toLowerCase()}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    known.set(key, false); // a circle ends here
    const answer = tellsOfPersons(column) || (namesSecret(column) && !/_?(id|key|keys)$/i.test(column)) || isDeclared(asset, column);
    known.set(key, answer);
    return answer;
  };
  const isDeclared = (asset: NodeId, column: string): boolean => {
    const node = nodes.get(asset);
    if (node?.kind === "source" || node?.kind === "extract")
      return Object.keys(node.spec.pii ?? {}).some((name) => name.toLowerCase() === column.toLowerCase());
    const sources =
      Object.entries(lineageOf(asset)?.columns ?? {}).find(([name]) => name.toLowerCase() === column.toLowerCase())?.[1] ?? [];
    return sources.filter(passesOn).some(({ asset: from, path }) => isMasked(from, path) || isMasked(from, path.split(".")[0]!));
  };
  return { isMasked };
}

/** Replaces values; equal ones by equal ones. */
export class Masker {
  private readonly replacements = new Map<string, JsonValue>();

  /** Null stays, and so does what was masked when it was loaded. */
  mask(value: JsonValue, type: string): JsonValue {
    if (value === null || (typeof value === "string" && MASKED_ALREADY.test(value))) return value;
    const key = JSON.stringify(value);
    const known = this.replacements.get(key);
    if (known !== undefined) return known;
    const made = replacement(value, type, this.replacements.size + 1);
    this.replacements.set(key, made);
    return made;
  }
}

const DAY_MS = 86_400_000;

function replacement(value: JsonValue, type: string, number: number): JsonValue {
  if (/^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL)/.test(type)) return number % 100;
  const day = new Date(Date.UTC(2000, 0, 1) + number * DAY_MS).toISOString().slice(0, 10);
  if (type === "DATE") return day;
  if (type.startsWith("TIMESTAMP")) return `${day}T00:00:00${type.includes("ZONE") ? "Z" : ""}`;
  if (type !== "VARCHAR") return null; // nothing of it can be kept
  return typeof value === "string" && EMAIL.test(value) ? `masked_${number}@example.com` : `masked_${number}`;
}

const EMAIL_WITHIN = /[^\s@"'<>(),;:]+@[^\s@"'<>(),;:]+\.\p{L}{2,}/u;

/** Does a value look personal although its column's name does not say so: an address of mail in it, a field of such a name? */
export function looksPersonal(value: JsonValue): boolean {
  if (typeof value === "string") return EMAIL_WITHIN.test(value);
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([name, each]) => each !== null && (tellsOfPersons(name) || looksPersonal(each)));
}
