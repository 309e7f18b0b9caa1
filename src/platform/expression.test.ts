import { describe, expect, it } from "vitest";
import type { MillraceError } from "../model/errors.ts";
import { checkExpression, evaluateExpression } from "./expression.ts";

const values = {
  params: { region: "north", min: 3 },
  outputs: { train: { accuracy: 0.93, rows: 5, tags: ["a", "b"] } },
  status: { "raw.x": "failed", train: "succeeded" },
  item: { id: 7 },
};
const answer = async (text: string) => (await evaluateExpression(text, values)).value;

describe("an expression", () => {
  it("compares what a run knows", async () => {
    expect(await answer('params.region == "north" && outputs.train.accuracy > 0.9')).toBe(true);
    expect(await answer("outputs.train.rows + 1 > params.min * 2")).toBe(false);
    expect(await answer('status["raw.x"] == "failed" && item.id == 7')).toBe(true);
    expect(await answer('size(outputs.train.tags) == 2 && outputs.train.tags.exists(tag, tag == "b")')).toBe(true);
    expect(await answer("has(outputs.other) && outputs.other.rows > 1")).toBe(false);
    expect(await answer('params.region + "-" + string(item.id)')).toBe("north-7");
  });

  it("says what it saw", async () => {
    expect((await evaluateExpression('outputs.train.rows > 9 || params.region == "south"', values)).seen).toBe(
      'outputs.train.rows is 5, params.region is "north"',
    );
  });

  it("names what it mentions", async () => {
    const { mentions } = await checkExpression('outputs.train.rows > 1 && status["raw.x"] == "failed" && outputs.a.l.exists(v, v > 1)', {
      result: "boolean",
    });
    expect(mentions.map(({ of, name }) => `${of}.${name}`)).toEqual(["outputs.train", "status.raw.x", "outputs.a"]);
  });

  it.each([
    ["params.region ==", "unexpected token"],
    ["output_.x > 1", "unknown variable"],
    ["1 + size(params)", "not true or false"],
    ["string(params.min)", "it is a string"],
    ["nosuch(1)", "no matching overload"],
  ])("is refused when the project is read if it cannot be meant: %s", async (text, words) => {
    const refused = await checkExpression(text, { result: "boolean" }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "MR1048", message: expect.stringContaining(words) });
  });

  it("that meets a missing value is an error that says what was there", async () => {
    const failed = await evaluateExpression("outputs.train.acuracy > 0.9", values).catch((error: unknown) => error as MillraceError);
    expect(failed).toMatchObject({ code: "MR6206", message: expect.stringContaining("outputs.train.acuracy is not there") });
  });
});
