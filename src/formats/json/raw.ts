// A record as it was received, as text that a VARCHAR can hold.

/** Bytes of a record that are kept with a quarantined record; the rest is told by its length. */
export const RAW_BYTES_MAX = 16 << 20;

/** UTF-8 as it stands; in a record that is not UTF-8 each byte beyond ASCII as \xHH. */
export function rawText(bytes: Buffer, from: number, to: number, valid: "utf8" | "bytes"): string {
  const end = Math.min(to, from + RAW_BYTES_MAX);
  const rest = end < to ? `… (${to - end} more bytes)` : "";
  if (valid === "utf8") return bytes.toString("utf8", from, end) + rest;
  const text = bytes.toString("latin1", from, end);
  return text.replaceAll(/[\u0080-\u00ff]/g, (letter) => `\\x${letter.charCodeAt(0).toString(16).toUpperCase()}`) + rest;
}
