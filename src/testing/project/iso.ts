// Times as ISO 8601 texts, half a million for a year: a day's part is written once.
const DAY_MS = 86_400_000;
const two = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, "0"));

let day = Number.NaN;
let dayText = "";

/** As `Date.toISOString` writes it; whole milliseconds. */
export function iso(at: number): string {
  const of = Math.floor(at / DAY_MS);
  if (of !== day) {
    day = of;
    dayText = new Date(of * DAY_MS).toISOString().slice(0, -13);
  }
  const ms = at - of * DAY_MS;
  const seconds = Math.floor(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  const rest = String(ms - seconds * 1_000).padStart(3, "0");
  return `${dayText}${two[Math.floor(minutes / 60)]}:${two[minutes % 60]}:${two[seconds % 60]}.${rest}Z`;
}
