// What a plan says goes into terminals, files and comments: lines and values that hold a secret are left out of it.
import type { AssetChangeAnswer, PlaceAnswer, SettingChangeAnswer } from "../../model/change-answers.ts";
import { secretSpans } from "../../platform/secret-names.ts";

type Redact = (text: string) => string;

export function withoutSecrets(change: AssetChangeAnswer, redact: Redact): AssetChangeAnswer {
  const place = (at: PlaceAnswer | null): PlaceAnswer | null => (at === null ? null : safePlace(at, redact));
  const hidden = change.settings.flatMap(({ key, before, after }) =>
    [before, after].flatMap((value) => (value === null || isSafe(key, value, redact) ? [] : [value])),
  );
  const text = (words: string): string => redact(hidden.reduce((left, value) => left.replaceAll(value, "***"), words));
  return {
    ...change,
    columns: change.columns.map((column) => ({ ...column, place: place(column.place) })),
    settings: change.settings.map((setting) => safeSetting(setting, place, redact)),
    reasons: change.reasons.map((reason) => ({ text: text(reason.text), place: place(reason.place) })),
  };
}

function safeSetting(
  setting: SettingChangeAnswer,
  place: (at: PlaceAnswer | null) => PlaceAnswer | null,
  redact: Redact,
): SettingChangeAnswer {
  const safe = (value: string | null): string | null => (value === null || isSafe(setting.key, value, redact) ? value : null);
  return { ...setting, before: safe(setting.before), after: safe(setting.after), place: place(setting.place) };
}

function isSafe(key: string, value: string, redact: Redact): boolean {
  return redact(value) === value && secretSpans([`${key.split(".").at(-1)}: ${value}`], 0).length === 0;
}

/** A line with a secret is only pointed to. */
function safePlace(at: PlaceAnswer, redact: Redact): PlaceAnswer {
  const { text, length, ...place } = at;
  if (text === undefined || redact(text) !== text || secretSpans([text], 0).length > 0) return place;
  return { ...place, text, ...(length === undefined ? {} : { length }) };
}
