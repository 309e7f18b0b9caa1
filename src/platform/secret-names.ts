// Which names say that their value is a secret, and which parts of a line of a user's file are therefore not shown.
//   N1. Only literal values are secrets: `${secret:NAME}` names one, and says nothing.

/** Does the name of a parameter or header say that its value is a secret? */
export function namesSecret(name: string): boolean {
  return /key|token|secret|passw|signature|^sig$|auth|credential|session|cookie/i.test(name);
}

/** Names of a definition that sound like secrets and hold columns, addresses, paths or what everybody may know. */
const PLAIN =
  /^(keys?|authors?)$|^(primary|foreign|host|public|partition|sort|order|unique|business|natural|idempotency)_?keys?$|(url|file|path|name|column|columns|expires)$/i;
/** Values of `auth:` that hold the secret itself under a name that does not say so. */
const BELOW_SECRET = /^(bearer|value)$/i;
const BARE = /^(true|false|null|~|\|[-+\d]*|>[-+\d]*)$/;
const PARENTS_MAX = 20;

export interface Span {
  readonly start: number;
  /** After its last character. */
  readonly end: number;
}

/** What is secret in one line of a text of YAML, JSON or TypeScript, by the keys of the line and of those it stands under; in order. */
export function secretSpans(lines: readonly string[], index: number): readonly Span[] {
  const line = lines[index] ?? "";
  const above = keysAbove(lines, index);
  const spans = [...valueSpans(line, above), ...addressSpans(line)];
  return joined(spans);
}

function valueSpans(line: string, above: readonly string[]): readonly Span[] {
  const spans: Span[] = [];
  let isBelow = above.some(isSecretKey);
  let keys = 0;
  const entry = /(?<![\w.-])([A-Za-z_][\w.-]*)["']?\s*:(?!:)\s*/g;
  for (let match = entry.exec(line); match !== null; match = entry.exec(line)) {
    const key = match[1]!;
    const span = valueAt(line, entry.lastIndex, line.slice(0, match.index));
    const isSecret = isSecretKey(key) || /^bearer$/i.test(key) || (isBelow && BELOW_SECRET.test(key));
    keys += 1;
    if (span === undefined) isBelow ||= isSecret;
    else {
      if (isSecret && isLiteral(line.slice(span.start, span.end))) spans.push(span);
      entry.lastIndex = span.end;
    }
  }
  // A block of text, or an item, under a key that is a secret itself.
  const [parent] = above;
  const start = line.search(/[^\s\-"'[\]{}(),;|>]/);
  if (keys === 0 && parent !== undefined && isSecretKey(parent) && start >= 0 && isLiteral(line.slice(start).trim()))
    spans.push({ start, end: line.trimEnd().length });
  return spans;
}

/** The value that begins at `start`, without its quotes; of a list all of it; undefined for a mapping, or when it stands on later lines. */
function valueAt(line: string, start: number, before: string): Span | undefined {
  const [quote = ""] = line.slice(start, start + 1);
  const rest = line.slice(start);
  if (quote === "{" || quote === "") return undefined;
  if (quote === '"' || quote === "'") {
    const [inner] = (quote === '"' ? /^(?:[^"\\]|\\.)*/ : /^(?:[^']|'')*/).exec(rest.slice(1))!;
    return { start: start + 1, end: start + 1 + inner.length };
  }
  const isInside = before.includes("{") || before.includes("[");
  const [text] = (quote === "[" ? /^\[[^\]]*/ : isInside ? /^(?:\$\{[^}]*\}|[^,}\]])*/ : /^.*/).exec(rest)!;
  const value = text.replace(/\s#.*$/, "").trimEnd();
  return { start, end: start + value.length };
}

/** Passwords and secret parameters of addresses. */
function addressSpans(line: string): readonly Span[] {
  const passwords = [...line.matchAll(/:\/\/[^\s:@/"']{0,200}:([^\s/"']{1,500})@/g)];
  const parameters = [...line.matchAll(/[?&]([\w.-]{1,100})=([^&#\s"']+)/g)].filter(([, name]) => namesSecret(name!));
  return [...passwords, ...parameters].map(spanOf).filter(({ start, end }) => isLiteral(line.slice(start, end)));
}

function isSecretKey(key: string): boolean {
  return namesSecret(key) && !PLAIN.test(key);
}

/** N1. */
function isLiteral(value: string): boolean {
  return value !== "" && !BARE.test(value) && !/^\$\{[^}]*\}$/.test(value);
}

/** Of the last group of a match. */
function spanOf(match: RegExpExecArray): Span {
  const start = match.index + match[0].lastIndexOf(match.at(-1)!);
  return { start, end: start + match.at(-1)!.length };
}

/** Keys of the lines that a line is indented under, the nearest first. */
function keysAbove(lines: readonly string[], index: number): readonly string[] {
  const keys: string[] = [];
  let depth = indentOf(lines[index] ?? "");
  for (let at = index - 1; at >= 0 && depth > 0 && keys.length < PARENTS_MAX; at--) {
    const line = lines[at]!;
    const indent = indentOf(line);
    if (line.trim() === "" || indent >= depth) continue;
    depth = indent;
    const key = /^[\s-]*["']?([A-Za-z_][\w.-]*)["']?\s*:/.exec(line)?.[1];
    if (key !== undefined) keys.push(key);
  }
  return keys;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

function joined(spans: readonly Span[]): readonly Span[] {
  const all: Span[] = [];
  for (const span of spans.toSorted((a, b) => a.start - b.start)) {
    const last = all.at(-1);
    if (last !== undefined && span.start <= last.end) all[all.length - 1] = { start: last.start, end: Math.max(last.end, span.end) };
    else all.push(span);
  }
  return all;
}
