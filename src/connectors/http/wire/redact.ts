// Addresses and texts as they may be shown: without user names, passwords, tokens and keys.
import { addressForms, base64Form, jsonForm } from "../../../platform/secret-forms.ts";
import { namesSecret } from "../../../platform/secret-names.ts";

const SHOWN_CHARS_MAX = 300;
const BASE64_CHARS_MIN = 6;

/** The address for names, messages and logs. */
export function shownUrl(url: URL, secrets: readonly string[]): string {
  const copy = new URL(url);
  copy.username = "";
  copy.password = "";
  for (const [name] of url.searchParams) if (namesSecret(name)) copy.searchParams.set(name, "***");
  return withoutSecrets(copy.href, secrets).slice(0, SHOWN_CHARS_MAX);
}

/** `text` with every secret replaced, also where it stands in its form for URLs, forms, JSON and in base64. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  const forms = new Set(secrets.flatMap(formsOf));
  // Longest first, so that a secret inside another leaves nothing of the longer one.
  return [...forms].toSorted((a, b) => b.length - a.length).reduce((shown, form) => shown.replaceAll(form, "***"), text);
}

function formsOf(secret: string): readonly string[] {
  if (secret === "") return [];
  // The last, of a few letters, is a word that could stand anywhere.
  return [...addressForms(secret), jsonForm(secret), ...(secret.length < BASE64_CHARS_MIN ? [] : [base64Form(secret)])];
}

/** The first words of a body that was not what we asked for, on one line. */
export function firstWords(text: string): string {
  const words = text
    .replaceAll(/<(script|style)\b[\s\S]*?<\/\1>/gi, " ")
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll(/[\s\p{Cc}]+/gu, " ")
    .trim();
  const shown = words === "" ? text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim() : words;
  return shown.length > 120 ? `${shown.slice(0, 120)}…` : shown;
}
