// Pages that are asked for before it is their turn, and lists that are read before it is theirs.
import { keyOf, type Step } from "./step.ts";

/** Requests under way by what they ask for. What nobody takes is dropped, errors and all. */
export class Ahead<Result> {
  private readonly fetch: (step: Step) => Promise<Result>;
  private underWay = new Map<string, Promise<Result>>();

  constructor(fetch: (step: Step) => Promise<Result>) {
    this.fetch = fetch;
  }

  /** These are likely to be taken next. */
  expect(steps: readonly Step[]): void {
    const expected = new Map<string, Promise<Result>>();
    for (const step of steps) {
      const key = keyOf(step);
      const result = this.underWay.get(key) ?? this.fetch(step);
      result.catch(() => undefined);
      expected.set(key, result);
    }
    this.underWay = expected;
  }

  take(step: Step): Promise<Result> {
    const key = keyOf(step);
    const result = this.underWay.get(key) ?? this.fetch(step);
    this.underWay.delete(key);
    return result;
  }
}

interface Reading<Item> {
  next(): Promise<IteratorResult<Item>>;
  stop(): Promise<void>;
}

/** Reads on before it is asked, up to `itemsMax` items. */
function reading<Item>(source: AsyncGenerator<Item>, itemsMax: number): Reading<Item> {
  const waiting: Promise<IteratorResult<Item>>[] = [];
  let isDone = false;
  // One after the other: a generator answers its calls in their order, and the next is asked only when there is room.
  const fill = (): void => {
    const room = isDone ? 0 : itemsMax - waiting.length;
    for (let count = 0; count < room; count += 1) {
      const item = source.next();
      item.then(
        ({ done }) => (isDone ||= done === true),
        () => (isDone = true),
      );
      waiting.push(item);
    }
  };
  fill();
  return {
    async next() {
      const item = await (waiting.shift() ?? source.next());
      fill();
      return item;
    },
    async stop() {
      isDone = true;
      // It ends when its requests do, which the closing session brings about; nobody waits for that.
      source.return(undefined).catch(() => undefined);
    },
  };
}

export interface InOrderRequest {
  /** Sources that are read at once. */
  readonly sourcesMax: number;
  /** Items of each that wait for their turn. */
  readonly itemsMax: number;
}

/** Items of all sources, source after source, while the next ones are already being read. */
export async function* inOrder<Item>(
  sources: AsyncIterator<AsyncGenerator<Item>>,
  { sourcesMax, itemsMax }: InOrderRequest,
): AsyncGenerator<Item> {
  const open: Reading<Item>[] = [];
  let isEnd = false;
  try {
    for (;;) {
      while (!isEnd && open.length < sourcesMax) {
        const source = await sources.next();
        if (source.done === true) isEnd = true;
        else open.push(reading(source.value, itemsMax));
      }
      const first = open[0];
      if (first === undefined) return;
      for (let item = await first.next(); item.done !== true; item = await first.next()) yield item.value;
      open.shift();
    }
  } finally {
    for (const each of open) void each.stop();
  }
}
