// Jinja of a dbt project, rendered with the project's own macros and variables. A macro of the project is put in front of the text that uses it,
// so that it sees the same functions; lines of failures are those of the text itself.
import type { Environment, Extension } from "nunjucks";
import type nunjucksModule from "nunjucks";

type Nunjucks = typeof nunjucksModule;

/** A template that cannot be rendered, and where. */
export class JinjaFailure extends Error {
  /** From 1, in the text that was rendered. */
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

export interface MacroText {
  readonly name: string;
  readonly text: string;
}

/** Marks the object of named values that nunjucks hands over last. */
const KEYWORDS = "__keywords";

type Call = (...values: unknown[]) => unknown;
/** Positional values and named ones, as nunjucks hands them over. */
export interface Arguments {
  readonly values: readonly unknown[];
  readonly named: Readonly<Record<string, unknown>>;
}

export class Jinja {
  private readonly nunjucks: Nunjucks;
  private readonly environment: Environment;
  private readonly macros: ReadonlyMap<string, MacroText>;
  private readonly project: string;

  private constructor(nunjucks: Nunjucks, environment: Environment, macros: readonly MacroText[], project: string) {
    this.nunjucks = nunjucks;
    this.environment = environment;
    this.macros = new Map(macros.map((macro) => [macro.name, macro]));
    this.project = project;
  }

  static async open(options: {
    readonly project: string;
    readonly macros: readonly MacroText[];
    readonly globals: Readonly<Record<string, unknown>>;
  }): Promise<Jinja> {
    const { default: nunjucks } = await import("nunjucks");
    nunjucks.installJinjaCompat();
    const environment = new nunjucks.Environment(null, { autoescape: false, throwOnUndefined: true });
    environment.addExtension("do", doTag());
    for (const [name, value] of Object.entries(options.globals)) environment.addGlobal(name, value);
    return new Jinja(nunjucks, environment, options.macros, options.project);
  }

  /** @throws JinjaFailure */
  render(text: string, context: Readonly<Record<string, unknown>>): string {
    const own = keepComments(text.replaceAll(new RegExp(`\\b${this.project}\\.(?=\\w+\\s*\\()`, "g"), ""));
    const needed = this.needed(own);
    // Each definition leaves the end of its line.
    const before = needed.map((macro) => `${macro}\n`).join("");
    const linesBefore = before.split("\n").length - 1;
    const template = attempt(() => new this.nunjucks.Template(before + own, this.environment, undefined, true), 0 - linesBefore);
    // Nunjucks counts lines from 1 while it reads a template, and from 0 while it renders one.
    return attempt(() => template.render({ ...context }), 1 - linesBefore).slice(needed.length);
  }

  hasMacro(name: string): boolean {
    return this.macros.has(name);
  }

  /** Definitions of the macros that a text uses, and of those that they use. */
  private needed(text: string): readonly string[] {
    const found = new Map<string, string>();
    const look = (from: string): void => {
      for (const [, name] of from.matchAll(/\b([A-Za-z_]\w*)\s*\(/g)) {
        const macro = this.macros.get(name!);
        if (macro === undefined || found.has(name!)) continue;
        found.set(name!, macro.text);
        look(macro.text);
      }
    };
    look(text);
    return [...found.values()];
  }
}

/** @throws JinjaFailure at its line, moved by `linesOff`. */
function attempt<Result>(work: () => Result, linesOff: number): Result {
  try {
    return work();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const line = Number(/\[Line (\d+)/.exec(message)?.[1] ?? 0) + linesOff;
    throw new JinjaFailure(readable(message), Math.max(1, line));
  }
}

/** A function that may be called with named values. */
export function callable(use: (given: Arguments) => unknown): Call {
  return (...values) => {
    const last = values.at(-1);
    const isNamed = typeof last === "object" && last !== null && KEYWORDS in last;
    const named = Object.fromEntries(Object.entries(isNamed ? last : {}).filter(([name]) => name !== KEYWORDS));
    return use({ values: isNamed ? values.slice(0, -1) : values, named });
  };
}

/** Blocks `{% KIND name… %} … {% endKIND %}` of a file, with the offset of each. */
export function blocksOf(
  text: string,
  kind: string,
): readonly { readonly head: string; readonly body: string; readonly at: number; readonly bodyAt: number }[] {
  const pattern = new RegExp(`\\{%-?\\s*${kind}\\s+([\\s\\S]*?)\\s*-?%\\}([\\s\\S]*?)\\{%-?\\s*end${kind}\\s*-?%\\}`, "g");
  return [...text.matchAll(pattern)].map((match) => ({
    head: match[1]!,
    body: match[2]!,
    at: match.index,
    bodyAt: match.index + match[0].indexOf(match[2]!, match[0].indexOf("%}")),
  }));
}

/** Comments of Jinja become comments of SQL: whoever wrote them wants to read them again. */
function keepComments(text: string): string {
  return text.replaceAll(/\{#-?([\s\S]*?)-?#\}/g, (_, inside: string) => `{% raw %}/*${inside.replaceAll("*/", "* /")}*/{% endraw %}`);
}

function readable(message: string): string {
  const text = message
    .replaceAll(/^\(unknown path\)\s*(\[Line \d+, Column \d+\])?\s*/g, "")
    .replaceAll(/^(Template render error|Error):\s*/g, "")
    .trim();
  const called = /^Unable to call `(.+?)`, which is undefined/.exec(text)?.[1];
  if (called !== undefined) return `${called.replaceAll(/\["(\w+)"\]/g, ".$1")}() is not known here`;
  return text === "attempted to output null or undefined value" ? "a value that is not known here" : text.split("\n").at(-1)!.trim();
}

/** `{% do expression %}`: evaluated for its effect. */
function doTag(): Extension {
  return {
    tags: ["do"],
    // oxlint-disable-next-line typescript/no-explicit-any -- nunjucks describes its parser with any
    parse(parser: any, nodes: any): unknown {
      const token = parser.nextToken();
      const values = parser.parseSignature(null, true);
      parser.advanceAfterBlockEnd(token.value);
      return new nodes.CallExtension(this, "run", values);
    },
    run: () => "",
  } as Extension;
}
