// Names that follow from what they name: ids of runs and short forms of keys. Nothing here is random, so that two engines that decide the same name it
// the same, and the second start of a run is known as such.
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const TIME_CHARS = 10;

/** 60 bits of a text, as 12 letters and digits (two 32-bit multiplicative hashes). Not for secrets. */
export function shortHash(text: string): string {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    a = Math.imul(a ^ code, 2_654_435_761);
    b = Math.imul(b ^ code, 1_597_334_677);
  }
  a = Math.imul(a ^ (a >>> 16), 2_246_822_507) ^ Math.imul(b ^ (b >>> 13), 3_266_489_909);
  b = Math.imul(b ^ (b >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909);
  return base32(a >>> 0, 6) + base32(b >>> 0, 6);
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
