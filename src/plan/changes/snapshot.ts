// The state of a project's definitions as plain values: what two of them are compared by. Made from a compiled project, or from what the ledger keeps.
import type { PlaceAnswer } from "../../model/change-answers.ts";
import type { QueryFingerprint } from "../../model/fingerprint.ts";
import type { NodeId, ProjectNode } from "../../model/graph.ts";
import type { AssetLineage } from "../../model/lineage.ts";

export interface SnapshotColumn {
  readonly name: string;
  readonly type: string;
}

export interface AssetSnapshot {
  readonly id: NodeId;
  readonly kind: ProjectNode["kind"];
  readonly file: string;
  /** Hash of everything that changes what is built; empty where it is not known. */
  readonly code: string;
  /** Hash of its own text: the same when only what it reads changed. */
  readonly definition: string;
  /** null: not known. */
  readonly columns: readonly SnapshotColumn[] | null;
  readonly fingerprint: QueryFingerprint | null;
  readonly lineage: AssetLineage | null;
  readonly needs: readonly NodeId[];
  /** Every setting, flat: `materialize`, `columns.price.description`; null: not known. */
  readonly settings: Readonly<Record<string, string>> | null;
  /** Its SQL, from `line` of the file on; null where it has none or it is not known. */
  readonly source: { readonly text: string; readonly line: number } | null;
}

/** What reads assets and makes none of its own, besides exports: checks, tests, tasks. */
export interface ReaderSnapshot {
  readonly kind: "export" | "check" | "test" | "task";
  readonly name: string;
  readonly file: string;
  /** Columns per asset; `all`: whatever it has. */
  readonly reads: Readonly<Record<NodeId, readonly string[] | "all">>;
}

export interface ProjectSnapshot {
  /** Needs before what needs them. */
  readonly assets: ReadonlyMap<NodeId, AssetSnapshot>;
  readonly readers: readonly ReaderSnapshot[];
}

/** Where columns and settings stand in the user's files: `place(asset, "column", "price")`. */
export type Places = (asset: NodeId, kind: "column" | "setting", name: string) => PlaceAnswer | null;

export const noPlaces: Places = () => null;
