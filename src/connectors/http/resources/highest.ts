// How far each parent was loaded: the highest cursor value of its rows. Kept in the position of a load, so the number of parents has a limit.
import type { Json } from "../../../load/connector.ts";
import { MillraceError } from "../../../model/errors.ts";
import { valueAt } from "../bodies/paths.ts";

const PARENTS_MAX = 2_000;

type Value = string | number;

export class Highest {
  private readonly path: string | undefined;
  private readonly committed: ReadonlyMap<string, Value>;
  private readonly now: Map<string, Value>;

  constructor(path: string | undefined, kept: Json | undefined) {
    this.path = path;
    const entries = Object.entries((kept ?? {}) as Record<string, Value>);
    this.committed = new Map(entries);
    this.now = new Map(entries);
  }

  /** What was committed for a parent; undefined for a new one. */
  before(id: string): Value | undefined {
    return this.committed.get(id);
  }

  /** @throws MR3521 when there are too many parents. */
  note(id: string, rows: readonly unknown[]): void {
    if (this.path === undefined) return;
    for (const row of rows) {
      const value = valueAt(row, this.path);
      const comparable = typeof value === "bigint" ? Number(value) : value;
      if (typeof comparable !== "string" && typeof comparable !== "number") continue;
      const before = this.now.get(id);
      if (before === undefined || comparable > before) this.now.set(id, comparable);
    }
    if (this.now.size <= PARENTS_MAX) return;
    throw new MillraceError({
      code: "MR3521",
      message: `a cursor for each parent is kept for ${PARENTS_MAX} parents at most, and there are more`,
      hint: "leave parent.cursor out: `since` is then the highest value of all",
    });
  }

  toJson(): Json {
    return this.path === undefined ? null : Object.fromEntries(this.now);
  }
}
