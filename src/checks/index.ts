// The registry of checks: one line per kind.
import type { CheckKind } from "../load/check.ts";
import { acceptedValues } from "./accepted-values.ts";
import { length } from "./length.ts";
import { matches } from "./matches.ts";
import { notNull } from "./not-null.ts";
import { query } from "./query.ts";
import { range } from "./range.ts";
import { references } from "./references.ts";
import { rowCount } from "./row-count.ts";
import { rule } from "./rule.ts";
import { unique } from "./unique.ts";

/** Kinds by the key that users write. */
// oxlint-disable-next-line typescript/no-explicit-any -- each kind has options of its own type
export type CheckRegistry = Readonly<Record<string, CheckKind<any>>>;

export const checks: CheckRegistry = { notNull, unique, acceptedValues, range, length, matches, references, rowCount, rule, query };
