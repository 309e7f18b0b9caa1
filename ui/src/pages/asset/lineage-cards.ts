// Where the cards and the lines of a lineage picture stand: the graph's own layout with cards as high as their columns. Pure.
import type { LineageGraphAnswer } from "../../../../src/model/lineage-answers.ts";
import { layOut } from "../../graph/layout/layout.ts";

export const CARD_WIDTH = 210;
const HEAD_HEIGHT = 30;
const COLUMN_HEIGHT = 24;

export interface Card {
  readonly asset: string;
  readonly columns: readonly string[];
  readonly x: number;
  readonly y: number;
  readonly height: number;
}

export interface Line {
  readonly key: string;
  readonly path: string;
  readonly kind: string;
}

export interface Cards {
  readonly cards: readonly Card[];
  readonly lines: readonly Line[];
  readonly width: number;
  readonly height: number;
}

export function cardsOf({ assets, reads, edges }: LineageGraphAnswer): Cards {
  const placeOf = new Map(assets.map(({ asset }, place) => [asset, place]));
  const nodes = assets.map(({ asset, columns }) => ({
    id: asset,
    width: CARD_WIDTH,
    height: HEAD_HEIGHT + columns.length * COLUMN_HEIGHT + 2,
  }));
  const links = reads.flatMap(({ from, to }) => {
    const [one, other] = [placeOf.get(from), placeOf.get(to)];
    return one === undefined || other === undefined ? [] : [{ from: one, to: other }];
  });
  const layout = layOut({ nodes, edges: links });
  const cards = assets.map(({ asset, columns }, place) => ({
    asset,
    columns,
    x: layout.x[place]!,
    y: layout.y[place]!,
    height: nodes[place]!.height,
  }));
  const rowOf = (place: number, column: string): number => {
    const { columns } = assets[place]!;
    // A field inside a column stands at its column.
    const at = columns.findIndex((each) => each === column || column.startsWith(`${each}.`));
    return cards[place]!.y + (at < 0 ? HEAD_HEIGHT / 2 : HEAD_HEIGHT + at * COLUMN_HEIGHT + COLUMN_HEIGHT / 2);
  };
  const lines = edges.flatMap(({ from, to, kind }): readonly Line[] => {
    const [one, other] = [placeOf.get(from.asset), placeOf.get(to.asset)];
    if (one === undefined || other === undefined) return [];
    const [x0, y0, x1, y1] = [cards[one]!.x + CARD_WIDTH, rowOf(one, from.column), cards[other]!.x, rowOf(other, to.column)];
    const middle = (x0 + x1) / 2;
    return [
      {
        key: `${from.asset}.${from.column} ${to.asset}.${to.column} ${kind}`,
        kind,
        path: `M${x0} ${y0}C${middle} ${y0} ${middle} ${y1} ${x1} ${y1}`,
      },
    ];
  });
  return { cards, lines, width: layout.width, height: layout.height };
}
