// Sensors written in TypeScript: a function that looks, now and then, whether something holds.
import type { HttpClient, Log, Row } from "./define.ts";
import type { JsonValue } from "./json.ts";

export interface SensorContext {
  readonly http: HttpClient;
  /** A read-only query on the warehouse, in batches. */
  readonly query: (sql: string) => AsyncIterable<readonly Row[]>;
  /** Aborted when the look takes too long or the engine stops. */
  readonly signal: AbortSignal;
  readonly log: Log;
  /** The folder of the project. */
  readonly projectDir: string;
}

/**
 * What a look answers. False, null and undefined: the condition does not hold. True: it holds. A text or number: it holds, and another value is another
 * event. An object: `key` is what is seen, all of it is what the run's parameters can be taken from.
 */
export type SensorAnswer = boolean | string | number | null | undefined | { readonly key: string; readonly [field: string]: JsonValue };

export type SensorFunction = (context: SensorContext) => SensorAnswer | Promise<SensorAnswer>;

/**
 * A sensor for `sensor: { typescript: "sensors.ts#isThere", every: 1m }`.
 * @example export const isThere = defineSensor(async ({ http }) => (await http.get("https://…")) !== null);
 */
export function defineSensor(look: SensorFunction): SensorFunction {
  return look;
}
