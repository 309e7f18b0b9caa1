import { execFileSync } from "node:child_process";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fillCommand, fillSql, fillText, fillValue } from "./templates.ts";

const values: Readonly<Record<string, string | number>> = { "param:x": "a b; rm -rf $HOME `id` \"'", n: 5 };
const look = (inner: string) => values[inner];

function run(command: string, lookUp: (inner: string) => string | number | undefined): string {
  const filled = fillCommand(command, lookUp);
  return execFileSync("/bin/sh", ["-c", filled.command], { env: { ...process.env, ...filled.env }, encoding: "utf8" });
}

describe("placeholders in texts", () => {
  it("keep the type of a text that is nothing else, and are text elsewhere", () => {
    expect(fillValue({ a: "${n}", b: ["n=${n}"], c: "$${n}" }, look)).toEqual({ a: 5, b: ["n=5"], c: "${n}" });
    expect(fillText("${unknown} ${n}", look)).toBe("${unknown} 5");
  });
});

describe("placeholders in a command", () => {
  it("reach the shell as one word, whatever stands in them and however they are quoted", () => {
    for (const command of ["printf %s ${v}", 'printf %s "${v}"', "printf %s '${v}'"]) {
      fc.assert(
        fc.property(
          fc.string().map((text) => text.replaceAll("\0", "")),
          (text) => run(command, () => text) === text,
        ),
        { numRuns: 15 },
      );
    }
  });

  it("leave the shell's own variables to the shell, and know comments and escapes", () => {
    expect(run('A=1; echo ${A} "${A:-2}" ${n} # don\'t ${n}', look)).toBe("1 1 5\n");
    expect(run("echo \\' ${n} \"it's ${n}\"", look)).toBe("' 5 it's 5\n");
  });
});

describe("placeholders in SQL", () => {
  it("are literals outside of quotes and text inside of them", () => {
    const sql = `select \${n}, \${s}, 'x\${s}', "\${s}" -- don't \${s}`;
    expect(fillSql(sql, (inner) => (inner === "n" ? 5 : `O'Hara "x"`))).toBe(
      `select 5, 'O''Hara "x"', 'xO''Hara "x"', "O'Hara ""x""" -- don't \${s}`,
    );
    expect(fillSql("select ${l}", () => [1, "a"])).toBe(`select '[1,"a"]'::JSON`);
  });
});
