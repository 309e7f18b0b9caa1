// How users write a check: one key that names the kind, with its options, beside the keys that every kind has.
// `{ notNull: [a, b] }`, `{ range: { column: price, min: 1, severity: warn } }`. Common keys may stand inside the options or beside the kind.
import * as z from "zod";

/** Keys of every check. `tolerate` is a share (`0.5%`) or a number of rows. */
export const checkCommon = {
  name: z.string().optional(),
  severity: z.enum(["error", "warn"]).optional(),
  onFail: z.enum(["stop", "quarantine", "warn"]).optional(),
  where: z.string().optional(),
  tolerate: z.union([z.number(), z.string()]).optional(),
};

/** As written; the kind is resolved against the registry of checks, which knows the schema of its options. */
export const checkEntry = z.record(z.string(), z.unknown());
export type CheckEntry = z.infer<typeof checkEntry>;
