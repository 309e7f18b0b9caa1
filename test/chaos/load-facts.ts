// What must stand in an asset after each change of its source, told by plain code that knows nothing of Millrace: the rows that were ever given, the last
// ones by key, those that are there now, and their history.
export interface Item {
  readonly id: number;
  /** Grows with every item that is given. */
  readonly seq: number;
  readonly v: number;
  readonly t: string;
}

export interface Change {
  readonly upserted: readonly Item[];
  readonly removed: readonly number[];
}

export interface Facts {
  /** Everything that there is now. */
  readonly full: readonly Item[];
  /** Everything that was ever given, by `seq`. */
  readonly log: readonly Item[];
  /** The last one of each key, also of those that were removed. */
  readonly latest: readonly Item[];
  /** Every version that an item ever had; `current`: nothing has taken its place. */
  readonly history: readonly (Item & { readonly current: boolean })[];
  /** Makes a round of changes and answers them. */
  change(): Change;
}

const BORN = 120;
const CHANGED = 60;
const REMOVED = 25;
/** Before the first kill there is something to replace. */
const FIRST = 900;

export function facts(): Facts {
  const live = new Map<number, Item>();
  const latest = new Map<number, Item>();
  const log: Item[] = [];
  const history: Item[] = [];
  let round = 0;
  let ids = 0;
  let seq = 0;
  const give = (id: number): Item => {
    const item = { id, seq: ++seq, v: round * 1_000 + (id % 97), t: `round ${round}, item ${id}` };
    for (const map of [live, latest]) map.set(id, item);
    log.push(item);
    history.push(item);
    return item;
  };
  return {
    get full() {
      return [...live.values()];
    },
    get latest() {
      return [...latest.values()];
    },
    log,
    get history() {
      return history.map((item) => ({ ...item, current: live.get(item.id) === item }));
    },
    change() {
      round += 1;
      const there = [...live.keys()];
      const removed = there.slice(0, REMOVED);
      for (const id of removed) live.delete(id);
      const changed = there.slice(REMOVED, REMOVED + CHANGED);
      const born = Array.from({ length: round === 1 ? FIRST : BORN }, () => ++ids);
      return { removed, upserted: [...changed, ...born].map(give) };
    },
  };
}
