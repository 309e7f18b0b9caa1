// Long lists by pages: `--limit`, and `--cursor` with what the page before told as `next`.
import { MillraceError } from "../model/errors.ts";
import { type OptionValues, text } from "./command.ts";

export const CURSOR = ["--cursor <text>", "`next` of the answer before (--json)"] as const;

/** @throws MR7001 */
export function pageOf(options: OptionValues, byDefault: number): { readonly limit: number; readonly cursor?: string } {
  const [asked, cursor] = [text(options["limit"]), text(options["cursor"])];
  const limit = Number(asked ?? byDefault);
  if (!Number.isInteger(limit) || limit < 1)
    throw new MillraceError({ code: "MR7001", message: `--limit ${asked} is no whole number of at least 1` });
  return { limit, ...(cursor === undefined ? {} : { cursor }) };
}
