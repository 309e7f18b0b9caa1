// The plots of the report.
import { bar, count, dot, type Frame, gridX, gridY, linear, logarithmic, money, path, plot, text } from "./chart.ts";

export interface MonthRow {
  readonly month: string;
  readonly sales: number;
  readonly paid: number;
  readonly paidLow: number;
  readonly paidHigh: number;
  readonly asked: number;
}

export interface PairRow {
  readonly asked: number;
  readonly paid: number;
  readonly neighborhood: string;
}

export interface RatioRow {
  readonly percent: number;
  readonly homes: number;
}

export interface PlaceRow {
  readonly neighborhood: string;
  readonly sold: number;
  readonly asked: number;
  readonly paid: number;
}

/** Median paid and asked per month, the middle half of what was paid as a band, and the number of sales below. */
export function monthsPlot(rows: readonly MonthRow[]): string {
  const frame: Frame = { width: 920, height: 400, left: 62, right: 72, top: 16, bottom: 120 };
  const low = Math.min(...rows.map((row) => row.paidLow)) * 0.96;
  const high = Math.max(...rows.map((row) => Math.max(row.paidHigh, row.asked))) * 1.02;
  const y = linear(low, high, frame.height - frame.bottom, frame.top);
  const step = (frame.width - frame.left - frame.right) / rows.length;
  const x = (index: number): number => frame.left + step * (index + 0.5);
  const floor = frame.height - 34;
  const volume = linear(0, Math.max(...rows.map((row) => row.sales)), 0, 62, 2);
  const series = (value: (row: MonthRow) => number): [number, number][] => rows.map((row, index) => [x(index), y(value(row))]);
  const last = rows.at(-1)!;
  return plot(frame, "Median price paid and asked per month, with the number of sales", [
    gridY(frame, y, money),
    path(
      series((row) => row.paidHigh),
      "band",
      series((row) => row.paidLow),
    ),
    path(
      series((row) => row.asked),
      "line asked dashed",
    ),
    path(
      series((row) => row.paid),
      "line paid",
    ),
    ...rows.map((row, index) =>
      dot(
        x(index),
        y(row.paid),
        3.5,
        "paid",
        `${row.month}: median paid ${money(row.paid)}, asked ${money(row.asked)}, ${count(row.sales)} sales`,
      ),
    ),
    text(x(rows.length - 1) + 12, y(last.paid) + 12, "paid", "name paid"),
    text(x(rows.length - 1) + 12, y(last.asked) - 4, "asked", "name asked"),
    ...rows.map((row, index) =>
      bar(
        x(index) - step * 0.32,
        floor - volume(row.sales),
        step * 0.64,
        volume(row.sales),
        "volume",
        `${row.month}: ${count(row.sales)} sales`,
      ),
    ),
    ...rows.map((row, index) => text(x(index), floor - volume(row.sales) - 5, count(row.sales), "small", "middle")),
    text(frame.left - 8, floor - 4, "sales", "label", "end"),
    `<path class="axis" d="M${frame.left},${floor}H${frame.width - frame.right}"/>`,
    ...rows.map((row, index) => text(x(index), floor + 18, monthName(row.month, index), "label", "middle")),
  ]);
}

/** Every dot a sale that followed a listing: asked to the right, paid upwards, both in equal ratios. */
export function pairsPlot(rows: readonly PairRow[]): string {
  const frame: Frame = { width: 440, height: 330, left: 72, right: 14, top: 10, bottom: 44 };
  const values = rows.flatMap((row) => [row.asked, row.paid]);
  const [low, high] = [Math.min(...values) * 0.95, Math.max(...values) * 1.05];
  const x = logarithmic(low, high, frame.left, frame.width - frame.right);
  const y = logarithmic(low, high, frame.height - frame.bottom, frame.top);
  return plot(frame, "Price paid against price asked", [
    gridX(frame, x, money),
    gridY(frame, y, money),
    ...rows.map((row) =>
      dot(
        x(row.asked),
        y(row.paid),
        2.4,
        row.paid > row.asked ? "pair over" : "pair under",
        `${row.neighborhood}: asked ${money(row.asked)}, paid ${money(row.paid)}`,
      ),
    ),
    path(
      [
        [x(low), y(low)],
        [x(high), y(high)],
      ],
      "axis dashed",
    ),
    text(frame.width - frame.right - 52, frame.top + 18, "paid = asked", "small", "end"),
    text((frame.left + frame.width - frame.right) / 2, frame.height - 6, "asking price (log scale)", "label", "middle"),
    `<text class="label" text-anchor="middle" transform="translate(11 ${(frame.top + frame.height - frame.bottom) / 2}) rotate(-90)">sale price (log scale)</text>`,
  ]);
}

/** How many homes went for which share of the asking price, in steps of one percent. */
export function ratiosPlot(rows: readonly RatioRow[], median: number): string {
  const frame: Frame = { width: 440, height: 210, left: 72, right: 14, top: 22, bottom: 44 };
  const x = linear(79.5, 120.5, frame.left, frame.width - frame.right, 5);
  const y = linear(0, Math.max(...rows.map((row) => row.homes)), frame.height - frame.bottom, frame.top, 3);
  const width = x(1) - x(0) - 1.5;
  const shown = rows.filter((row) => row.percent >= 80 && row.percent <= 120);
  return plot(frame, "Homes by share of the asking price that was paid", [
    gridY(frame, y, count),
    ...shown.map((row) =>
      bar(
        x(row.percent) - width / 2,
        y(row.homes),
        width,
        y(0) - y(row.homes),
        row.percent > 100 ? "over" : "under",
        `${row.percent}% of the asking price: ${count(row.homes)} homes`,
      ),
    ),
    `<path class="axis dashed" d="M${x(median * 100).toFixed(1)},${frame.top - 4}V${frame.height - frame.bottom}"/>`,
    text(x(median * 100) - 6, frame.top - 8, `median ${(median * 100).toFixed(1)}%`, "small", "end"),
    ...x.ticks.map((tick) => text(x(tick), frame.height - frame.bottom + 18, `${tick}%`, "label", "middle")),
    text((frame.left + frame.width - frame.right) / 2, frame.height - 6, "sale price in % of asking price", "label", "middle"),
  ]);
}

/** Per neighbourhood the median asked and paid of the same homes, joined by a line; dearest first. */
export function placesPlot(rows: readonly PlaceRow[]): string {
  const rowHeight = 20;
  const frame: Frame = { width: 440, height: rows.length * rowHeight + 48, left: 118, right: 46, top: 6, bottom: 36 };
  const values = rows.flatMap((row) => [row.asked, row.paid]);
  const x = linear(Math.min(...values) * 0.9, Math.max(...values) * 1.05, frame.left, frame.width - frame.right, 4);
  return plot(frame, "Median asked and paid per neighborhood", [
    gridX(frame, x, money),
    ...rows.flatMap((row, index) => {
      const y = frame.top + rowHeight * (index + 0.5);
      const tip = `${row.neighborhood}: asked ${money(row.asked)}, paid ${money(row.paid)}, ${count(row.sold)} homes`;
      return [
        text(frame.left - 8, y + 4, row.neighborhood, "label", "end"),
        path(
          [
            [x(row.paid), y],
            [x(row.asked), y],
          ],
          "link",
        ),
        dot(x(row.asked), y, 4, "asked hollow", tip),
        dot(x(row.paid), y, 4, "paid", tip),
        text(frame.width - 4, y + 4, `${((row.paid / row.asked - 1) * 100).toFixed(1)}%`, "small", "end"),
      ];
    }),
  ]);
}

/** "Jan", with the year below the first and every January. */
function monthName(month: string, index: number): string {
  const name = new Date(`${month}-15T00:00:00Z`).toLocaleString("en-US", { month: "short", timeZone: "UTC" });
  return index === 0 || month.endsWith("-01") ? `${name} ’${month.slice(2, 4)}` : name;
}
