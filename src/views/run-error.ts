// What failed first in a run, short enough for a list; errors that differ only in numbers, times, ids and names of partitions have one fingerprint.
import type { RunErrorAnswer } from "../model/run-answers.ts";
import type { ErrorRecord } from "../model/errors.ts";
import { hashText } from "../model/text-hash.ts";

const MESSAGE_MAX = 300;
/** Run ids and other long words of hexadecimal or base-32 digits, and numbers with what is written between their digits. */
const VARIABLE = /\b[a-z]_[0-9a-z]{8,}\b|\b(?=[0-9a-z]*\d)[0-9a-f]{8,}\b|\d+(?:[-:.,T/ ]?\d+)*Z?/gi;

export function runErrorOf({ code, message }: Pick<ErrorRecord, "code" | "message">, node: string | null): RunErrorAnswer {
  const [line = ""] = message.slice(0, MESSAGE_MAX).split("\n", 1);
  const form = line.replaceAll(VARIABLE, "…");
  return { code, message: line, node, fingerprint: `${code}-${hashText(form).high.toString(16).padStart(8, "0")}` };
}
