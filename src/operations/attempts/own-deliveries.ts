// What a connector of the project's own code yields is held against the contract of deliveries before anything is staged: users' code may be JavaScript.
import type { Delivery } from "../../load/connector.ts";
import { MillraceError } from "../../model/errors.ts";

/** Passes on what are deliveries. @throws MR4018 for anything else. */
export async function* soundDeliveries(connector: string, deliveries: AsyncIterable<unknown>): AsyncGenerator<Delivery> {
  for await (const given of deliveries) {
    const problem = problemOf(given);
    if (problem !== null)
      throw new MillraceError({
        code: "MR4018",
        message: `${connector}: read yielded ${problem}`,
        hint: 'yield { kind: "rows", name: "page 1", rows: [{ id: 1 }] }',
      });
    yield given as Delivery;
  }
}

function problemOf(given: unknown): string | null {
  if (typeof given !== "object" || given === null) return `${shown(given)} in place of a delivery`;
  const { kind, name, rows, stage, fill } = given as Readonly<Record<string, unknown>>;
  if (Array.isArray(given)) return "a list in place of a delivery";
  if (typeof name !== "string" || name === "") return "a delivery without a name";
  switch (kind) {
    case "rows":
      return Array.isArray(rows) ? null : `${shown(rows)} as the rows of ${name}, in place of a list`;
    case "file":
      return typeof stage === "function" ? null : `the file ${name} without stage()`;
    case "table":
      return typeof fill === "function" ? null : `the table ${name} without fill()`;
    default:
      return `the kind ${JSON.stringify(kind) ?? "undefined"} of ${name}; there are rows, file and table`;
  }
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
