// A cookbook in a job: `tasks: { notify: { use: report, with: { … } } }` becomes the component's tasks `notify_render`, `notify_send`, … in the group
// `notify`, so that others may come after all of them at once.
//   C1. What the component's tasks say of each other (after, before, compensate, outputs.…, status.…) means the tasks of this use.
//   C2. `after` and `when` of the use hold for the tasks that come first, `before` for those that come last; its other keys where a task says nothing.
import { childOf, type Place, plainOf, type Sourced } from "./sourced.ts";

type MapNode = Sourced & { readonly kind: "map" };

/** The tasks of the component `body`, by the names they have in the job. */
export function cookbookTasks(prefix: string, body: MapNode, own: MapNode): ReadonlyMap<string, Sourced> {
  const names: ReadonlySet<string> = new Set(body.entries.keys());
  const named = (name: string): string => `${prefix}_${name}`;
  // Those that come after another of these tasks, and those that another comes after.
  const [later, earlier] = [new Set<string>(), new Set<string>()];
  for (const [name, task] of body.entries) {
    const pairs = [
      ...namesAt(task, "after").map((other) => [other, name] as const),
      ...namesAt(task, "before").map((other) => [name, other] as const),
    ];
    for (const [first, second] of pairs) {
      if (!names.has(first) || !names.has(second)) continue;
      earlier.add(first);
      later.add(second);
    }
  }
  return new Map(
    [...body.entries].map(([name, task]): [string, Sourced] => {
      if (task.kind !== "map") return [named(name), task];
      const entries = new Map([...task.entries].map(([key, value]) => [key, renamed(key, value, names, named)]));
      const put = (key: string, value: Sourced | undefined): void => {
        if (value !== undefined && !entries.has(key)) entries.set(key, value);
      };
      const join = (key: "after" | "before"): void => {
        const more = own.entries.get(key);
        if (more === undefined) return;
        const all = [...itemsOf(entries.get(key)), ...itemsOf(more)];
        entries.set(key, { kind: "list", items: all, at: more.at });
      };
      if (!later.has(name)) {
        join("after");
        put("when", own.entries.get("when"));
      }
      if (!earlier.has(name)) join("before");
      for (const [key, value] of own.entries) if (!["after", "before", "when", "group"].includes(key)) put(key, value);
      put("group", own.entries.get("group") ?? scalar(prefix, own.at));
      return [named(name), { ...task, entries }];
    }),
  );
}

function renamed(key: string, value: Sourced, names: ReadonlySet<string>, named: (name: string) => string): Sourced {
  if (key === "after" || key === "before") {
    const rename = (item: Sourced): Sourced =>
      item.kind === "scalar" && typeof item.value === "string" && names.has(item.value) ? { ...item, value: named(item.value) } : item;
    return value.kind === "list" ? { ...value, items: value.items.map(rename) } : rename(value);
  }
  if (key === "task") return value;
  return inTexts(value, (text) => mentioned(text, names, named));
}

/** `outputs.NAME` and `status.NAME`, also in brackets, in expressions and placeholders. */
function mentioned(text: string, names: ReadonlySet<string>, named: (name: string) => string): string {
  return text.replaceAll(
    /\b(outputs|status)(?:\.([\p{L}_][\p{L}\p{N}_$-]*)|\[\s*(["'])([^"'\]]+)\3\s*\])/gu,
    (written: string, of: string, plain: string | undefined, quote: string | undefined, bracketed: string | undefined) => {
      const name = plain ?? bracketed!;
      if (!names.has(name)) return written;
      return plain === undefined ? `${of}[${quote}${named(name)}${quote}]` : `${of}.${named(name)}`;
    },
  );
}

function inTexts(node: Sourced, change: (text: string) => string): Sourced {
  switch (node.kind) {
    case "scalar":
      return typeof node.value === "string" ? { ...node, value: change(node.value) } : node;
    case "list":
      return { ...node, items: node.items.map((item) => inTexts(item, change)) };
    case "map":
      return { ...node, entries: new Map([...node.entries].map(([key, inner]) => [key, inTexts(inner, change)])) };
    default:
      return node satisfies never;
  }
}

function namesAt(task: Sourced, key: "after" | "before"): readonly string[] {
  const value = childOf(task, key);
  return value === undefined ? [] : [plainOf(value)].flat().filter((name): name is string => typeof name === "string");
}

function itemsOf(node: Sourced | undefined): readonly Sourced[] {
  if (node === undefined) return [];
  return node.kind === "list" ? node.items : [node];
}

function scalar(value: unknown, at: Place): Sourced {
  return { kind: "scalar", value, at };
}
