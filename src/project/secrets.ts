// secrets.env beside millrace.yaml, and the redaction of every secret that was used, in any text that leaves the process.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { MillraceError } from "../model/errors.ts";
import { placesIn } from "./document.ts";
import { readText } from "./text-file.ts";
import { addressForms, base64Form, jsonForm } from "../platform/secret-forms.ts";

export const SECRETS_FILE = "secrets.env";
const REDACTED = "***";
/** Shorter ones would hit ordinary words and numbers. */
const SECRET_CHARACTERS_MIN = 4;
/** Lines of a key file that are told apart from ordinary words. */
const SECRET_LINE_CHARACTERS_MIN = 12;

/** NAME=value lines of secrets.env; empty when there is no such file. Throws MR1054, or what reading a file throws. */
export function readSecrets(dir: string): ReadonlyMap<string, string> {
  const path = join(dir, SECRETS_FILE);
  return existsSync(path) ? parseSecrets(readText(path, SECRETS_FILE)) : new Map();
}

/** `NAME=value`, `export NAME="value"`, comments and blank lines; a value in double quotes may hold `\n`, `\t`, `\"` and `\\`. Throws MR1054. */
export function parseSecrets(text: string): ReadonlyMap<string, string> {
  const secrets = new Map<string, string>();
  const place = placesIn(SECRETS_FILE, text);
  let offset = 0;
  for (const line of text.split("\n")) {
    const trimmed = line.trim();
    if (trimmed !== "" && !trimmed.startsWith("#")) {
      const match = /^(?:export\s+)?([A-Za-z_][\w.-]*)\s*=\s*(.*)$/.exec(trimmed);
      const value = match === null ? undefined : unquote(match[2]!);
      if (match === null || value === undefined) {
        // The line itself is not drawn: it may hold a secret.
        const { text: _text, ...location } = place(offset);
        throw new MillraceError({
          code: "MR1054",
          message: "a line is not NAME=value",
          location,
          hint: "values with quotes or # in them want quotes",
        });
      }
      secrets.set(match[1]!, value);
    }
    offset += line.length + 1;
  }
  return secrets;
}

/** Replaces every secret in a text by `***`: as it is, in JSON, in URLs and in base64; of a URL with a password also the password alone. */
export function createRedactor(secrets: Iterable<string>): (text: string) => string {
  const forms = new Set<string>();
  for (const secret of secrets) {
    for (const part of partsOf(secret)) {
      if (part.trim().length < SECRET_CHARACTERS_MIN) continue;
      for (const form of [...addressForms(part), jsonForm(part), base64Form(part)]) forms.add(form);
    }
  }
  if (forms.size === 0) return (text) => text;
  // Longest first, so that a secret inside another leaves nothing of the longer one.
  const pattern = [...forms].toSorted((a, b) => b.length - a.length).map((form) => form.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  const any = new RegExp(pattern.join("|"), "g");
  return (text) => text.replaceAll(any, REDACTED);
}

function partsOf(secret: string): readonly string[] {
  const lines = secret.includes("\n") ? secret.split(/\r?\n/).filter((line) => line.trim().length >= SECRET_LINE_CHARACTERS_MIN) : [];
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(secret) && URL.canParse(secret) ? new URL(secret) : undefined;
  const password = url === undefined || url.password === "" ? [] : [url.password, decoded(url.password)];
  return [secret, ...lines, ...password];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // not percent-encoded: the written form is the only one
  }
}

function unquote(text: string): string | undefined {
  const double = /^"((?:[^"\\]|\\.)*)"\s*(?:#.*)?$/.exec(text);
  if (double !== null) return double[1]!.replaceAll(/\\(.)/g, (_, escaped: string) => ({ n: "\n", t: "\t", r: "\r" })[escaped] ?? escaped);
  const single = /^'([^']*)'\s*(?:#.*)?$/.exec(text);
  if (single !== null) return single[1]!;
  if (text.startsWith('"') || text.startsWith("'")) return undefined;
  return text.replace(/\s+#.*$/, "").trim();
}
