// Names of runs: `r_` and 16 letters and digits that sort by time, 50 bits of milliseconds and 30 of chance (Crockford's alphabet).
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const TIME_CHARS = 10;
const CHANCE_CHARS = 6;

export function runId(now: number, random: () => number): string {
  let time = "";
  for (let rest = Math.max(0, Math.floor(now)), left = TIME_CHARS; left > 0; left--, rest = Math.floor(rest / 32))
    time = ALPHABET[rest % 32]! + time;
  const chance = Array.from({ length: CHANCE_CHARS }, () => ALPHABET[Math.floor(random() * 32)]!).join("");
  return `r_${time}${chance}`;
}
