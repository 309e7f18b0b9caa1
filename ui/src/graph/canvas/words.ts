// Texts on a canvas, cut to a width and remembered: measuring is what costs.
const KEPT_MAX = 20_000;
const kept = new Map<string, string>();

/** `text`, or its beginning with `…`, as wide as `width` in the font that the pen has. */
export function cutText(pen: CanvasRenderingContext2D, text: string, width: number): string {
  const key = `${width}|${pen.font}|${text}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  if (kept.size > KEPT_MAX) kept.clear();
  const cut = measureCut(pen, text, width);
  kept.set(key, cut);
  return cut;
}

function measureCut(pen: CanvasRenderingContext2D, text: string, width: number): string {
  const full = pen.measureText(text).width;
  if (full <= width) return text;
  let end = Math.max(1, Math.floor((text.length * width) / full));
  while (end > 1 && pen.measureText(`${text.slice(0, end)}…`).width > width) end--;
  return `${text.slice(0, end)}…`;
}

/** 1,204 · 12.4 k · 3.1 M */
export function shortCount(count: number): string {
  if (count < 10_000) return count.toLocaleString("en-US");
  if (count < 1_000_000) return `${trimmed(count / 1_000)} k`;
  return count < 1_000_000_000 ? `${trimmed(count / 1_000_000)} M` : `${trimmed(count / 1_000_000_000)} G`;
}

function trimmed(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toFixed(1).replace(/\.0$/, "");
}

const SPANS = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
] as const;

/** "now", "4 min", "3 h", "12 d" */
export function shortAge(at: string, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(at)) / 1_000);
  const span = SPANS.find(([length]) => seconds >= length);
  return span === undefined ? "now" : `${Math.floor(seconds / span[0])} ${span[1]}`;
}
