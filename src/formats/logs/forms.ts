// The forms of log lines that have a name, and those a user writes.
import { MillraceError } from "../../model/errors.ts";

export interface LogForm {
  readonly columns: readonly string[];
  /** Cells of a line, or null when it has another form. */
  read(line: string): readonly string[] | null;
}

/** Longer lines are not matched: a pattern may take time that grows with their square. */
export const LINE_CHARACTERS_MAX = 1 << 16;

const ACCESS =
  /^(\S+) (\S+) (.+?) \[(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}:\d{2}:\d{2}) ([+-]\d{2})(\d{2})\] "((?:[^"\\]|\\.)*)" (\d{3}|-) (\d+|-)(?: "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)")?$/;
const REQUEST = /^([A-Za-z]+) (\S+)(?: (HTTP\/[\d.]+))?$/;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const COMMON_COLUMNS = ["host", "ident", "user", "time", "request", "method", "path", "protocol", "status", "bytes"];

/** Throws MR3252 for what is no regular expression with named groups. */
export function logForm(pattern: string, file: string): LogForm {
  if (pattern === "common") return { columns: COMMON_COLUMNS, read: (line) => readAccess(line, "common") };
  if (pattern === "combined") return { columns: [...COMMON_COLUMNS, "referer", "agent"], read: (line) => readAccess(line, "combined") };
  return ownForm(pattern, file);
}

/** The form of a line of an access log; null when it is none. */
export function accessForm(line: string): "common" | "combined" | null {
  const match = line.length <= LINE_CHARACTERS_MAX ? ACCESS.exec(line) : null;
  return match === null ? null : match[13] === undefined ? "common" : "combined";
}

function readAccess(line: string, form: "common" | "combined"): readonly string[] | null {
  const match = ACCESS.exec(line);
  if (match === null || (form === "combined") !== (match[13] !== undefined)) return null;
  const [, host = "", ident = "", user = "", day = "", month = "", year = "", clock = "", hours = "", minutes = "", request = ""] = match;
  const number = MONTHS.indexOf(month) + 1;
  if (number === 0) return null;
  const time = `${year}-${String(number).padStart(2, "0")}-${day} ${clock}${hours}:${minutes}`;
  const [, method = "", path = "", protocol = ""] = REQUEST.exec(request) ?? [];
  const cells = [host, ident, user, time, request, method, path, protocol, match[11] ?? "", match[12] ?? ""].map(nothing);
  return form === "common" ? cells : [...cells, nothing(unescaped(match[13] ?? "")), nothing(unescaped(match[14] ?? ""))];
}

/** A lone dash stands for nothing. */
function nothing(cell: string): string {
  return cell === "-" ? "" : cell;
}

function unescaped(cell: string): string {
  return cell.includes("\\") ? cell.replaceAll(/\\(["\\])/g, "$1") : cell;
}

function ownForm(pattern: string, file: string): LogForm {
  let expression: RegExp;
  try {
    expression = new RegExp(`^(?:${pattern})$`, "u");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new MillraceError({ code: "MR3252", message: `${file}: \`pattern\` is no regular expression: ${why}`, cause });
  }
  const columns = [...new Set([...pattern.matchAll(/\(\?<([A-Za-z_$][\w$]*)>/g)].map((match) => match[1] ?? ""))];
  if (columns.length === 0) {
    throw new MillraceError({
      code: "MR3252",
      message: `${file}: \`pattern\` has no named group, so there are no columns`,
      hint: "(?<time>\\S+) (?<level>[A-Z]+) (?<message>.*); or combined, common",
    });
  }
  return {
    columns,
    read: (line) => {
      const groups = expression.exec(line)?.groups;
      return groups === undefined ? null : columns.map((name) => groups[name] ?? "");
    },
  };
}
