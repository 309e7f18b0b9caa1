// How answers of `why` speak of times.
import { expect, it } from "vitest";
import { moment } from "./why.ts";

it("a moment is said with how far away it is, or that it is now", () => {
  const at = Date.UTC(2026, 0, 31, 6);
  const said = [0, 999, 3 * 60_000, -2 * 3_600_000].map((awayMs) => moment(at, at - awayMs));
  expect(said).toEqual(["(just now)", "(just now)", "(in 3m)", "(2h ago)"].map((away) => `2026-01-31T06:00:00Z ${away}`));
});
