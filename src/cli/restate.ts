// `--forward-only` and `--restate ASSET --from --to`, as `run`, `plan` and `apply` take them.
import { MillraceError } from "../model/errors.ts";
import { type OptionValues, text } from "./command.ts";

export const RESTATE_OPTIONS = [
  ["--forward-only", "changed code is for new intervals and partitions; those that are there stay"],
  ["--restate <asset>", "make intervals or partitions again, and what stands on them"],
  ["--from <start>", "the first to restate: 2026-01-01"],
  ["--to <end>", "the last one, included (default: the one of --from)"],
] as const;

interface Restating {
  readonly forwardOnly?: boolean;
  readonly restate?: { readonly asset: string; readonly from: string; readonly to?: string };
}

/** @throws MR7001 */
export function restatingOf(options: OptionValues): Restating {
  const [asset, from, to] = [text(options["restate"]), text(options["from"]), text(options["to"])];
  const forward = options["forwardOnly"] === true ? { forwardOnly: true } : {};
  if (asset === undefined && from === undefined && to === undefined) return forward;
  if (asset === undefined || from === undefined)
    throw new MillraceError({
      code: "MR7001",
      message: "a restatement needs the asset and where it begins: --restate clean.sales --from 2026-01-01",
    });
  return { ...forward, restate: { asset, from, ...(to === undefined ? {} : { to }) } };
}
