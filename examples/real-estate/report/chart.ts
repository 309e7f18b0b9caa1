// Plots as SVG text: scales, axes and marks. Colours are classes, so that the page decides them for light and dark.

export interface Scale {
  (value: number): number;
  readonly ticks: readonly number[];
}

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** From [low, high] to [from, to]; ticks at round numbers. */
export function linear(low: number, high: number, from: number, to: number, wanted = 5): Scale {
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough)!;
  const first = Math.ceil(low / step) * step;
  const ticks = Array.from({ length: Math.floor((high - first) / step + 1e-9) + 1 }, (_, index) => first + index * step);
  return Object.assign((value: number) => from + ((value - low) / (high - low)) * (to - from), { ticks });
}

/** Equal ratios are equal distances; ticks at 1, 2, 3, 5 and 7. */
export function logarithmic(low: number, high: number, from: number, to: number): Scale {
  const ticks = [3, 4, 5, 6, 7, 8]
    .flatMap((power) => [1, 2, 3, 5, 7].map((digit) => digit * 10 ** power))
    .filter((tick) => tick >= low && tick <= high);
  return Object.assign((value: number) => from + (Math.log(value / low) / Math.log(high / low)) * (to - from), { ticks });
}

export function money(value: number): string {
  return value >= 1e6 ? `$${(value / 1e6).toLocaleString("en-US", { maximumFractionDigits: 2 })}M` : `$${Math.round(value / 1e3)}k`;
}

export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

export function escape(text: string): string {
  return text.replace(/[&<>"]/g, (char) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[char]!);
}

export function text(x: number, y: number, words: string, kind = "label", anchor: "start" | "middle" | "end" = "start"): string {
  return `<text x="${r(x)}" y="${r(y)}" class="${kind}" text-anchor="${anchor}">${escape(words)}</text>`;
}

/** A line through points; one that leads back along `lower` is an area. */
export function path(
  points: readonly (readonly [number, number])[],
  kind: string,
  lower: readonly (readonly [number, number])[] = [],
): string {
  const all = [...points, ...lower.toReversed()].map(([x, y]) => `${r(x)},${r(y)}`);
  return `<path class="${kind}" d="M${all.join("L")}${lower.length > 0 ? "Z" : ""}"/>`;
}

export function dot(x: number, y: number, radius: number, kind: string, tip = ""): string {
  return `<circle class="${kind}" cx="${r(x)}" cy="${r(y)}" r="${radius}">${tip === "" ? "" : `<title>${escape(tip)}</title>`}</circle>`;
}

export function bar(x: number, y: number, width: number, height: number, kind: string, tip = ""): string {
  const box = `x="${r(x)}" y="${r(y)}" width="${r(width)}" height="${r(Math.max(height, 0))}" rx="1.5"`;
  return `<rect class="${kind}" ${box}>${tip === "" ? "" : `<title>${escape(tip)}</title>`}</rect>`;
}

/** Horizontal grid lines with their values at the left. */
export function gridY(frame: Frame, scale: Scale, format: (value: number) => string): string {
  const lines = scale.ticks.map(
    (tick) =>
      `<path class="grid" d="M${frame.left},${r(scale(tick))}H${frame.width - frame.right}"/>${text(frame.left - 8, scale(tick) + 4, format(tick), "label", "end")}`,
  );
  return lines.join("");
}

/** Vertical grid lines with their values below. */
export function gridX(frame: Frame, scale: Scale, format: (value: number) => string): string {
  const lines = scale.ticks.map(
    (tick) =>
      `<path class="grid" d="M${r(scale(tick))},${frame.top}V${frame.height - frame.bottom}"/>${text(scale(tick), frame.height - frame.bottom + 18, format(tick), "label", "middle")}`,
  );
  return lines.join("");
}

export function plot({ width, height }: Frame, label: string, content: readonly string[]): string {
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(label)}">${content.join("")}</svg>`;
}

function r(value: number): string {
  return value.toFixed(1).replace(/\.0$/, "");
}
