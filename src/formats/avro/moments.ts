// Days and moments since 1970 as the text that DuckDB reads, without the limits and the rounding of Date.

/** `YYYY-MM-DD`, for years before 1 with `(BC)` behind. */
export function dayText(days: number): { readonly day: string; readonly era: string } {
  // The civil calendar by eras of 400 years, from 0000-03-01 on.
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const shown = year > 0 ? year : 1 - year;
  return { day: `${String(shown).padStart(4, "0")}-${two(month)}-${two(day)}`, era: year > 0 ? "" : " (BC)" };
}

/** `HH:MM:SS.fff…` of a count of units within a day. */
export function clockText(units: bigint, unitsPerSecond: number): string {
  const perSecond = BigInt(unitsPerSecond);
  const seconds = Number(units / perSecond);
  const rest = units % perSecond;
  const fraction = rest === 0n ? "" : `.${rest.toString().padStart(String(unitsPerSecond).length - 1, "0")}`;
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}${fraction}`;
}

/** `YYYY-MM-DD HH:MM:SS.fff…` of units since 1970. */
export function momentText(units: bigint, unitsPerSecond: number): { readonly moment: string; readonly era: string } {
  const perDay = BigInt(unitsPerSecond) * 86_400n;
  let days = units / perDay;
  let rest = units % perDay;
  if (rest < 0n) {
    rest += perDay;
    days -= 1n;
  }
  const { day, era } = dayText(Number(days));
  return { moment: `${day} ${clockText(rest, unitsPerSecond)}`, era };
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
