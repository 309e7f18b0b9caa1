// Names that follow from what they name: ids of runs and short forms of keys. Nothing here is random, so that two engines that decide the same name it
// the same, and the second start of a run is known as such.
import { hashText } from "../model/text-hash.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const TIME_CHARS = 10;

/** 60 bits of a text, as 12 letters and digits. Not for secrets. */
export function shortHash(text: string): string {
  const { high, low } = hashText(text);
  return base32(low, 6) + base32(high, 6);
}

/** `r_`, the time, and 60 bits of what it is of: as long as any other run's id and sorted with them. */
export function runIdOf(at: number, parts: readonly (string | number)[]): string {
  return `r_${base32(Math.max(0, Math.floor(at)), TIME_CHARS)}${shortHash(JSON.stringify(parts))}`;
}

function base32(value: number, chars: number): string {
  let text = "";
  for (let rest = value, left = chars; left > 0; left--, rest = Math.floor(rest / 32)) text = ALPHABET[rest % 32]! + text;
  return text;
}
