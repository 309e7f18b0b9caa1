// What programs write with colours of a terminal, as pieces of text with a class each; every other escape of a terminal is left out.

export interface Piece {
  readonly text: string;
  /** `a-red a-bold`; empty: as it is. */
  readonly look: string;
}

const COLORS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;
// A sequence that sets the look ends with m; others (cursor, title, hyperlink) have no place in a line.
/* oxlint-disable no-control-regex */
const ESCAPE =
  /\u001B\[([\d;]*)m|\u001B\[[\d;?]*[ -/]*[@-~]|\u001B\][^\u0007\u001B]*(?:\u0007|\u001B\\)|\u001B[@-Z\\-_]|[\u0000-\u0008\u000B-\u001F\u007F]/g;

export function piecesOf(text: string): readonly Piece[] {
  if (!/[\u0000-\u0008\u000B-\u001F\u007F]/.test(text)) return [{ text, look: "" }];
  const pieces: Piece[] = [];
  let [at, color, isBold] = [0, "", false];
  const push = (to: number): void => {
    if (to > at) pieces.push({ text: text.slice(at, to), look: [color, isBold ? "a-bold" : ""].join(" ").trim() });
  };
  for (const found of text.matchAll(ESCAPE)) {
    push(found.index);
    at = found.index + found[0].length;
    if (found[1] === undefined) continue;
    for (const code of (found[1] === "" ? "0" : found[1]).split(";").map(Number)) {
      if (code === 0) [color, isBold] = ["", false];
      else if (code === 1) isBold = true;
      else if (code === 22) isBold = false;
      else if (code === 39) color = "";
      else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) color = `a-${COLORS[code % 10]!}`;
    }
  }
  push(text.length);
  return pieces;
}

/** The words alone. */
export function plainText(text: string): string {
  return piecesOf(text)
    .map((piece) => piece.text)
    .join("");
}
