// Code frames: what stands in the terminal when something is wrong with the user's files.
import { describe, expect, it } from "vitest";
import { combineErrors, MillraceError } from "../model/errors.ts";
import { renderError } from "./frame.ts";

const text = "select\n  customer_id,\n  sum(amuont) as total\nfrom raw.orders\n";

describe("renderError", () => {
  it("marks the place in the user's line with the hint behind it", () => {
    const error = new MillraceError({
      code: "MR2001",
      message: 'column "amuont" does not exist in raw.orders',
      hint: 'did you mean "amount"?',
      location: { file: "models/orders.sql", line: 3, column: 7, length: 6, text },
    });
    expect(renderError(error, { mode: "agent" })).toBe(
      [
        'error MR2001: column "amuont" does not exist in raw.orders',
        "  ┌─ models/orders.sql:3:7",
        "2 │   customer_id,",
        "3 │   sum(amuont) as total",
        '  │       ^^^^^^ did you mean "amount"?',
      ].join("\n"),
    );
  });

  it("draws no literal secret of the user's file, and marks what stands behind it", () => {
    const drawn = (yaml: string, line: number, column = 1, length = 1): string =>
      renderError(new MillraceError({ code: "MR1020", message: "m", location: { file: "a.yaml", line, column, length, text: yaml } }), {
        mode: "agent",
      });
    const planted = "hunter2";
    for (const line of [
      `    password: ${planted}`,
      `    password: "${planted}"   # mine`,
      `    api_token: '${planted}'`,
      `  "clientSecret": "${planted}",`,
      `    shop: { postgres: { host: a, password: ${planted}, prot: 1 } }`,
      `    url: postgres://me:${planted}@db.example/shop`,
      `    url: "https://api.example/x?page=1&api_key=${planted}&y=2"`,
      `    headers: { Authorization: Bearer ${planted}, X-Api-Key: "${planted}" }`,
      `    password: a,${planted}, b`,
      `    tokens: [a, ${planted}]`,
      `    auth: { bearer: ${planted} }`,
      `    auth: { apiKey: { name: k, value: "${planted}" } }`,
      `    auth:\n      apiKey:\n        name: k\n        value: ${planted}`,
      `    privateKey: |\n      BEGIN\n      ${planted}`,
      `    tokens:\n      - ${planted}\n      - "${planted}"`,
    ]) {
      const shown = drawn(line, line.split("\n").length);
      expect(shown).not.toContain(planted);
      expect(shown, line).toContain("***");
    }
    expect(drawn(`x: { token: ${planted}, prot: 1 }`, 1, 22, 4).split("\n").slice(-2)).toEqual([
      "1 │ x: { token: ***, prot: 1 }",
      "  │                  ^^^^",
    ]);
    for (const line of [
      "primaryKey: [id, day]",
      "key: id",
      "password: ${secret:PASSWORD}",
      "cursor: amount",
      "tokenUrl: https://a.example/token",
      "url: https://me:${secret:PASSWORD}@a.example/x?token=${secret:TOKEN}",
      "select auth::varchar as key, sum(amount)",
      "auth: { basic: { user: me } }",
    ])
      expect(drawn(line, 1)).toContain(line);
  });

  it("draws the file and place alone when the text is not at hand", () => {
    const error = new MillraceError({
      code: "MR1003",
      message: "cannot be read",
      hint: "look",
      location: { file: "a.yaml", line: 1, column: 1 },
    });
    expect(renderError(error, { mode: "agent" })).toBe("error MR1003: cannot be read\n  ┌─ a.yaml:1:1\n  = look");
  });

  it("keeps the chain of causes and points to the explanation", () => {
    const cause = new Error("outer", { cause: new Error("inner\nsecond line") });
    const drawn = renderError(new MillraceError({ code: "MR1061", message: "failed", cause }));
    expect(drawn.split("\n").slice(1)).toEqual(["  caused by: outer", "  caused by: inner", "  explain: millrace explain MR1061"]);
  });

  it("draws every error of a project and counts them", () => {
    const errors = [1, 2].map(
      (line) => new MillraceError({ code: "MR1020", message: `unknown ${line}`, location: { file: "a", line, column: 1, text } }),
    );
    const drawn = renderError(combineErrors("MR1001", errors));
    expect(drawn).toContain("unknown 1");
    expect(drawn).toContain("unknown 2");
    expect(drawn.endsWith("2 errors in the project")).toBe(true);
  });

  it("keeps marks below what they mark behind tabs and wide characters", () => {
    const location = { file: "a", line: 1, column: 4, length: 2, text: "\t漢x!" };
    const lines = renderError(new MillraceError({ code: "MR1020", message: "m", location: { ...location, column: 3 } }), {
      mode: "agent",
    }).split("\n");
    expect(lines.at(-2)).toBe("1 │   漢x!");
    expect(lines.at(-1)).toBe("  │     ^^");
  });

  it("cuts a very long line around the place", () => {
    const long = `${"x".repeat(5_000)}BAD${"y".repeat(5_000)}`;
    const drawn = renderError(
      new MillraceError({ code: "MR1020", message: "m", location: { file: "a", line: 1, column: 5_001, length: 3, text: long } }),
      {
        mode: "agent",
      },
    ).split("\n");
    expect(drawn.every((line) => line.length < 200)).toBe(true);
    const at = drawn.at(-1)!.indexOf("^^^");
    expect(drawn.at(-2)!.slice(at, at + 3)).toBe("BAD");
  });

  it("lets no control character of a file or message through", () => {
    const drawn = renderError(
      new MillraceError({
        code: "MR1020",
        message: "a\u001b[31mb",
        location: { file: "x\u0007\ny", line: 1, column: 1, text: "\u001b]0;t\u0007" },
      }),
    );
    // oxlint-disable-next-line no-control-regex -- these are exactly the characters that must not reach a terminal
    expect(/[\u0000-\u0008\u000b-\u001f]/.test(drawn)).toBe(false);
  });
});
