// Which elements are the records: as the user says, else the outermost that repeats beside itself.
import { open } from "node:fs/promises";
import { MillraceError } from "../../model/errors.ts";
import { canonicalName, markOf, type Encoding } from "../delimited/encoding.ts";

const HEAD_BYTES = 1 << 12;
const WAYS_NAMED_MAX = 8;

/** Counts of elements by their way, to find the records. */
export class Ways {
  private readonly counts = new Map<string, { depth: number; elements: number; mostBeside: number; below: number }>();
  private readonly beside: Map<string, number>[] = [];

  open(way: readonly string[]): void {
    const key = way.join("/");
    this.beside.length = way.length;
    this.beside[way.length] = new Map();
    const siblings = (this.beside[way.length - 1] ??= new Map<string, number>());
    const name = way.at(-1) ?? "";
    const count = (siblings.get(name) ?? 0) + 1;
    siblings.set(name, count);
    let entry = this.counts.get(key);
    if (entry === undefined) this.counts.set(key, (entry = { depth: way.length, elements: 0, mostBeside: 0, below: 0 }));
    entry.elements++;
    entry.mostBeside = Math.max(entry.mostBeside, count);
    const parent = this.counts.get(way.slice(0, -1).join("/"));
    if (parent !== undefined) parent.below++;
  }

  /** The outermost way whose elements repeat beside each other; of several the one with most in it. Null: nothing repeats. */
  best(): readonly string[] | null {
    const repeated = [...this.counts].filter(([, { mostBeside, depth }]) => mostBeside > 1 && depth > 1);
    const [found] = repeated.toSorted(([, a], [, b]) => a.depth - b.depth || b.below + b.elements - (a.below + a.elements));
    return found === undefined ? null : found[0].split("/");
  }

  named(): string {
    const ways = [...this.counts].toSorted(([, a], [, b]) => b.elements - a.elements).slice(0, WAYS_NAMED_MAX);
    return ways.map(([way, { elements }]) => `/${way} (${elements})`).join(", ");
  }
}

/** `/root/items/item`, with `*` for any name; prefixes are taken off as the names are. */
export function matcherOf(rows: string, prefixes: "drop" | "keep", file: string): (way: readonly string[]) => boolean {
  const steps = rows
    .replace(/^\/+/, "")
    .replace(/\/+$/, "")
    .split(rows.includes("/") ? "/" : ".")
    .map((step) => (prefixes === "keep" ? step : step.slice(step.indexOf(":") + 1)));
  if (steps.some((step) => step === "" || /[[\]@()]/.test(step))) {
    throw new MillraceError({
      code: "MR3257",
      message: `${file}: \`rows: ${rows}\` is no way to elements`,
      hint: "names from the root on, such as /root/items/item; * stands for any name",
    });
  }
  return (way) => way.length === steps.length && steps.every((step, index) => step === "*" || step === way[index]);
}

/** By the mark at the beginning, else by the declaration, else UTF-8. Throws MR3003. */
export async function xmlEncoding(path: string): Promise<Encoding> {
  const file = await open(path, "r");
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0);
    const bytes = head.subarray(0, bytesRead);
    const mark = markOf(bytes);
    if (mark !== null && mark !== undefined) return mark;
    const start = bytes.toString("hex", 0, 4);
    if (start === "3c003f00") return { name: "utf-16le", markBytes: 0, confidence: 1, why: "the declaration is UTF-16" };
    if (start === "003c003f") return { name: "utf-16be", markBytes: 0, confidence: 1, why: "the declaration is UTF-16" };
    const said = /^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(bytes.toString("latin1"))?.[1];
    const name = said === undefined ? "utf-8" : canonicalName(said);
    // What could be read as ASCII so far cannot be UTF-16.
    if (name.startsWith("utf-16"))
      return { name: "utf-8", markBytes: 0, confidence: 0.9, why: `the declaration says ${said}, the bytes are not` };
    return {
      name,
      markBytes: 0,
      confidence: 1,
      why: said === undefined ? "XML is UTF-8 where it says nothing" : "the declaration says so",
    };
  } finally {
    await file.close();
  }
}
