// What is left of each pool, derived from the facts: slots minus weights of live attempts, tokens of its rate, the probe of a breaker that is half open.
import { breakerConnection, breakerOf, limitOf, mostIn, poolFacts, type AdmissionFacts } from "./facts.ts";
import { phaseOf } from "./breaker.ts";
import { breakerPool } from "./port.ts";
import { type Spent, tokensAt, tokensFrom } from "./rate.ts";
import { entriesOf, valuesOf } from "./table.ts";
import type { Turns } from "./turns.ts";

/** What is left of one pool while places are handed out. */
export interface Left {
  /** Infinity: no slots are set. */
  slots: number;
  readonly own: Map<string, number>;
  tokens: number;
  /** Held back for heads that did not fit. */
  heldSlots: number;
  heldTokens: number;
  /** The most that an attempt can take: a weight beyond it counts as this. */
  readonly max: number;
  readonly closedUntil: number | null;
  /** A breaker is not closed: who waits for it has no claim to anything else. */
  readonly isShut: boolean;
  spent: Spent | null;
  turns: Turns;
}

export function leftOf(facts: AdmissionFacts, pool: string, now: number): Left {
  const { holders, held, spent, turns } = poolFacts(facts, pool);
  const common = { own: new Map<string, number>(), heldSlots: 0, heldTokens: 0, spent, turns };
  const connection = breakerConnection(pool);
  if (connection !== null) {
    const breaker = breakerOf(facts, connection);
    if (breaker.kind === "closed") return { ...common, slots: Infinity, tokens: Infinity, max: Infinity, closedUntil: null, isShut: false };
    const isOpen = phaseOf(breaker, now) === "open";
    const probing = [...valuesOf(holders)].some(({ startedAt }) => startedAt >= breaker.until);
    return {
      ...common,
      slots: isOpen || probing ? 0 : 1,
      tokens: Infinity,
      max: 1,
      closedUntil: isOpen ? breaker.until : null,
      isShut: true,
    };
  }
  const { slots, rate } = limitOf(facts.limits, pool) ?? {};
  return {
    ...common,
    slots: slots === undefined ? Infinity : slots - held,
    tokens: rate === undefined || spent === null ? Infinity : tokensAt(rate, spent, now),
    max: mostIn(facts, pool),
    closedUntil: null,
    isShut: false,
  };
}

/** What of a pool is free now in slots and tokens, for a weight of at most `max`; Infinity where nothing limits it. */
export function roomIn(facts: AdmissionFacts, pool: string, now: number): { readonly free: number; readonly max: number } {
  const { slots, tokens, max } = leftOf(facts, pool, now);
  return { free: Math.max(0, Math.min(slots, tokens)), max };
}

/** When the tokens for this weight are there, at the earliest `now`. */
export function tokensIn(
  { limits }: AdmissionFacts,
  pool: string,
  spent: Spent | null,
  { weight, now }: { readonly weight: number; readonly now: number },
): number {
  const rate = limitOf(limits, pool)?.rate;
  return rate === undefined || spent === null ? now : tokensFrom(rate, spent, weight, now);
}

/** Pools with a limit of their own, and connections whose breaker is not closed. */
export function limitedPools(facts: AdmissionFacts): readonly string[] {
  const broken = [...entriesOf(facts.breakers)].flatMap(([connection, { kind }]) => (kind === "open" ? [breakerPool(connection)] : []));
  return [...Object.keys(facts.limits.pools), ...broken];
}
