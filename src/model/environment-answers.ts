// What `millrace env …` answers.
import type { DeployedAnswer } from "./deploy-answers.ts";

export interface EnvironmentAnswer {
  readonly environment: string;
  readonly kind: string;
  readonly branch: string | null;
  readonly createdAt: string | null;
  readonly usedAt: string | null;
  /** When it is dropped, if nobody uses it until then. */
  readonly expiresAt: string | null;
  /** Assets of its own. */
  readonly own: number;
  /** Assets that it goes on seeing as they were before a promotion, until its next run. */
  readonly held: number;
  /** The commit that it was brought to by `millrace deploy`; null where it never was. */
  readonly deployed: DeployedAnswer | null;
}

export interface ActAnswer {
  readonly id: string;
  readonly act: "promote" | "rollback" | "drop";
  readonly environment: string;
  readonly at: string;
  readonly by: string;
  readonly why: string | null;
  readonly assets: number;
  /** `millrace env rollback ID` takes it back. */
  readonly canBeTakenBack: boolean;
}

export interface EnvironmentsAnswer {
  /** The one that commands work in here, and why. */
  readonly current: { readonly environment: string; readonly kind: string; readonly reason: string };
  readonly environments: readonly EnvironmentAnswer[];
  /** Newest first. */
  readonly promotions: readonly ActAnswer[];
}

export interface EnvironmentDiffAnswer {
  readonly environment: string;
  readonly to: string;
  readonly assets: readonly {
    readonly asset: string;
    readonly change: "added" | "changed" | "same" | "held";
    readonly from: string | null;
    readonly version: string;
    readonly rows: { readonly from: number | null; readonly to: number | null };
    /** Columns that one has and the other has not, or of another type. */
    readonly columns: { readonly added: readonly string[]; readonly removed: readonly string[]; readonly changed: readonly string[] };
  }[];
  /** What keeps it from being promoted as it is. */
  readonly moved: readonly { readonly asset: string; readonly reason: string }[];
}

export interface PromotionAnswer {
  readonly promotion: string;
  readonly environment: string;
  readonly to: string;
  readonly dryRun: boolean;
  readonly assets: readonly { readonly asset: string; readonly from: string | null; readonly to: string | null }[];
  readonly by: string;
  readonly why: string | null;
}

export interface EnvironmentDropAnswer {
  readonly environment: string;
  readonly assets: number;
}

export interface CollectAnswer {
  readonly dryRun: boolean;
  /** Environments that nobody had used for as long as `expires` says. */
  readonly expired: readonly string[];
  /** Promotions and drops whose earlier versions went. */
  readonly acts: number;
  readonly tables: number;
}
