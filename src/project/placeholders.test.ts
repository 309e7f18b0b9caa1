// Placeholders and secrets: filled in only when a connector is called, told when they are missing, and never printed.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MillraceError } from "../model/errors.ts";
import { malformedPlaceholders, missingPlaceholders, resolvePlaceholders } from "./placeholders.ts";
import { readProject } from "./read.ts";
import { createRedactor, parseSecrets, readSecrets } from "./secrets.ts";
import { unresolvedPlaceholders } from "./unresolved.ts";

const values = {
  env: { HOST: "db", BOTH: "from env" },
  secrets: new Map([
    ["TOKEN", "s3cret"],
    ["BOTH", "from file"],
  ]),
  params: { region: "north" },
};

function locate(path: readonly (string | number)[]): { file: string; line: number; column: number } {
  return { file: "a.yaml", line: path.length, column: 1 };
}

function errorsOf(work: () => unknown): readonly MillraceError[] {
  try {
    work();
  } catch (error) {
    if (error instanceof MillraceError) return error.errors.length === 0 ? [error] : error.errors;
    throw error;
  }
  return [];
}

describe("resolvePlaceholders", () => {
  it("fills in strings wherever they stand and leaves everything else as it is", () => {
    const value = { url: "https://${env:HOST}/${param:region}", list: ["${secret:TOKEN}", 5, null], plain: "$HOST $${env:HOST} $5" };
    expect(resolvePlaceholders(value, values)).toEqual({
      url: "https://db/north",
      list: ["s3cret", 5, null],
      plain: "$HOST ${env:HOST} $5",
    });
    expect(value.list[0]).toBe("${secret:TOKEN}");
  });

  it("takes a secret from the environment before secrets.env, and tells which secrets were used", () => {
    const used: string[] = [];
    expect(resolvePlaceholders("${secret:BOTH} ${secret:TOKEN}", values, { onSecret: (secret) => used.push(secret) })).toBe(
      "from env s3cret",
    );
    expect(used).toEqual(["from env", "s3cret"]);
  });

  it("tells everything that is missing at once, with codes, places and suggestions", () => {
    const errors = errorsOf(() =>
      resolvePlaceholders({ a: "${env:HOSTT}", b: ["${secret:GONE}", "${param:regoin}", "${what:X}", "${HOST}"] }, values, { locate }),
    );
    expect(errors.map(({ code, location }) => `${code}:${location?.line}`)).toEqual([
      "MR1050:1",
      "MR1051:2",
      "MR1052:2",
      "MR1053:2",
      "MR1053:2",
    ]);
    expect(errors[0]!.hint).toBe('did you mean "HOST"?');
    expect(errors[2]!.hint).toBe('did you mean "region"?');
    expect(errors[4]!.hint).toContain("${env:HOST}");
  });

  it("does not fill in what a value itself brings along", () => {
    expect(resolvePlaceholders("${env:A}", { ...values, env: { A: "${secret:TOKEN}" } })).toBe("${secret:TOKEN}");
  });

  it("takes nothing from prototypes", () => {
    expect(errorsOf(() => resolvePlaceholders("${env:constructor} ${param:toString}", values)).map((error) => error.code)).toEqual([
      "MR1050",
      "MR1052",
    ]);
  });
});

describe("missingPlaceholders", () => {
  it("tells missing variables and secrets before a run, and no parameters", () => {
    expect(missingPlaceholders({ a: "${env:GONE} ${param:anything}", b: "${secret:GONE}" }, values).map((error) => error.code)).toEqual([
      "MR1050",
      "MR1051",
    ]);
    expect(missingPlaceholders({ a: "${param:anything} ${secret:TOKEN}" }, values)).toEqual([]);
  });
});

describe("unresolvedPlaceholders", () => {
  it("looks at what will run and at the connections it names, and says where", async () => {
    const dir = mkdtempSync(join(tmpdir(), "millrace-unresolved-"));
    mkdirSync(join(dir, "sources"));
    writeFileSync(
      join(dir, "millrace.yaml"),
      'connections:\n  used: { http: { url: "${env:URL}" } }\n  other: { http: { url: "${env:OTHER}" } }\n',
    );
    writeFileSync(join(dir, "sources/a.yaml"), 'from:\n  http: { connection: used, auth: { bearer: "${secret:TOKEN}" } }\n');
    writeFileSync(join(dir, "sources/b.yaml"), 'from: { http: { url: "${env:NOT_ASKED}" } }\n');
    const project = await readProject(dir);
    expect(project.errors).toEqual([]);
    const nodes = project.nodes.filter((node) => node.id === "raw.a");
    const errors = unresolvedPlaceholders(project, nodes, { env: {}, secrets: new Map() });
    expect(errors.map(({ code, location }) => `${code} ${location?.file}:${location?.line}:${location?.column}`)).toEqual([
      "MR1051 sources/a.yaml:2:45",
      "MR1050 millrace.yaml:2:24",
    ]);
    expect(unresolvedPlaceholders(project, nodes, { env: { URL: "x", TOKEN: "y" }, secrets: new Map() })).toEqual([]);
    rmSync(dir, { recursive: true });
  });
});

describe("malformedPlaceholders", () => {
  it("finds those that can never be filled in", () => {
    expect(malformedPlaceholders({ a: "${env:X} $${x}", b: ["${env:}", "${secret:A", "${A}"] }).map(({ path }) => path)).toEqual([
      ["b", 0],
      ["b", 1],
      ["b", 2],
    ]);
  });
});

describe("secrets.env", () => {
  it("is read with comments, quotes and export", () => {
    const text = '# c\nA=1\nexport B = "two # \\"x\\"\\nline"\nC=\'$x y\' # c\nD=plain # c\n\nE=\n';
    expect(Object.fromEntries(parseSecrets(text))).toEqual({ A: "1", B: 'two # "x"\nline', C: "$x y", D: "plain", E: "" });
  });

  it("is told to be wrong by its line, without the line", () => {
    const [error] = errorsOf(() => parseSecrets("A=1\nhunter2\n"));
    expect(error).toMatchObject({ code: "MR1054", location: { file: "secrets.env", line: 2 } });
    expect(JSON.stringify(error) + String(error?.location?.text)).not.toContain("hunter2");
  });

  it("need not be there", () => {
    const dir = mkdtempSync(join(tmpdir(), "millrace-secrets-"));
    expect(readSecrets(dir).size).toBe(0);
    writeFileSync(join(dir, "secrets.env"), "A=b\n");
    expect(readSecrets(dir).get("A")).toBe("b");
    rmSync(dir, { recursive: true });
  });
});

describe("createRedactor", () => {
  it("hides secrets as they are, in JSON, in URLs, in base64, and the password of a URL", () => {
    const redact = createRedactor(['p"ss wörd', "postgres://me:hunter22%21@host/db"]);
    const text = [
      'p"ss wörd',
      JSON.stringify({ x: 'p"ss wörd' }),
      encodeURIComponent('p"ss wörd'),
      Buffer.from('p"ss wörd').toString("base64"),
      "password hunter22! was refused",
      "hunter22%21",
    ].join("\n");
    expect(redact(text)).not.toMatch(/ss w|hunter22|cCJzc/);
    expect(redact("nothing here")).toBe("nothing here");
  });

  it("leaves nothing of a longer secret that holds a shorter one", () => {
    expect(createRedactor(["secret", "secret-and-more"])("x secret-and-more y")).toBe("x *** y");
  });

  it("does not touch ordinary text for the sake of a very short one", () => {
    expect(createRedactor(["1", "", "  "])("1 + 1")).toBe("1 + 1");
  });

  it("leaves no secret in any text", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 4, maxLength: 12 }), { maxLength: 4 }), fc.string(), (secrets, noise) => {
        const telling = secrets.filter((secret) => secret.trim().length >= 4 && !"***".includes(secret) && !secret.includes("*"));
        const redacted = createRedactor(telling)(`${noise}${telling.join(noise)}${noise}`);
        // What surrounds two redactions may happen to form a secret again only when it is made of the mark itself.
        for (const secret of telling) expect(redacted.split("***").some((part) => part.includes(secret))).toBe(false);
      }),
    );
  });
});
