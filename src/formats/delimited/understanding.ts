// What was understood about a file and why, in sentences a person should read: the body of `millrace inspect`.
import type { FileUnderstanding } from "../format.ts";
import type { AuditResult } from "./accounts.ts";
import type { Hypothesis } from "./detect.ts";
import type { Encoding } from "./encoding.ts";
import { physicalLine } from "./lines.ts";
import { RULES, type Rule } from "./rules.ts";

/** Below this the user is asked to look. */
const CONFIDENCE_MIN = 0.6;
const PREAMBLE_LINES_KEPT = 50;
const PREAMBLE_CHARACTERS_MAX = 1000;

export interface Understood {
  readonly found: Hypothesis;
  readonly encoding: Encoding;
  /** The beginning of the file. */
  readonly head: Buffer | undefined;
  readonly audit: AuditResult | null;
  readonly road: string;
}

/** Puts the findings into words. */
export function understandingOf({ found, encoding, head, audit, road }: Understood): FileUnderstanding {
  const { delimiter, quote, escape, newline } = found.dialect;
  return {
    format: "delimited",
    compression: "none",
    encoding: { name: encoding.name, why: encoding.why, confidence: encoding.confidence },
    dialect: { delimiter: found.isOneColumn ? "" : delimiter, quote, escape, newline },
    header: { rows: found.headerRows, line: found.headerLine + 1 },
    preamble: [...preambleOf(found, head), ...(audit?.comments ?? [])],
    confidence: found.confidence,
    alternatives: found.alternatives,
    doubts: doubtsOf(found, encoding),
    warnings: audit === null ? [] : warningsOf(audit),
    road,
  };
}

function doubtsOf(found: Hypothesis, encoding: Encoding): string[] {
  const doubts: string[] = [];
  const [, second] = found.alternatives;
  if (found.isOneColumn) doubts.push("Read as one column: no delimiter gives the lines two or more cells of their own.");
  else if (found.confidence < CONFIDENCE_MIN && second !== undefined && found.headerConfidence > CONFIDENCE_MIN)
    doubts.push(
      `The dialect is not certain: ${JSON.stringify(second["delimiter"])} would give ${second["width"]} columns. Pin it with \`delimiter:\`.`,
    );
  if (found.headerConfidence <= CONFIDENCE_MIN && !found.isOneColumn)
    doubts.push(
      found.headerRows === 0
        ? "Taken as a file without a header. Pin it with `header:`."
        : "Nothing but its place says that the first row is the header. Pin it with `header:`.",
    );
  if (encoding.confidence < 0.9) doubts.push(`The encoding is taken for ${encoding.name}: ${encoding.why}. Pin it with \`encoding:\`.`);
  if (found.lineEnds.isMixed) doubts.push("Line ends are mixed.");
  return doubts;
}

function warningsOf(audit: AuditResult): string[] {
  return [...audit.rules].map(([key, count]) => {
    const [kind, rule] = key.split(" ");
    return `${count} ${count === 1 ? "record" : "records"} ${kind}: ${RULES[rule as Rule]}`;
  });
}

/** Lines before the header, as they stood. */
function preambleOf(found: Hypothesis, head: Buffer | undefined): string[] {
  const lines: string[] = [];
  if (head === undefined) return lines;
  for (let at = 0; lines.length < Math.min(found.headerLine, PREAMBLE_LINES_KEPT) && at < head.length;) {
    const [end, next] = physicalLine(head, at, head.length, found.dialect.crEnds);
    lines.push(head.toString("utf8", at, Math.min(end, at + PREAMBLE_CHARACTERS_MAX)).replaceAll("\0", "\u2400"));
    at = next;
  }
  return lines;
}
