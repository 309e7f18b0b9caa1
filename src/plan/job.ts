// A job's own tasks put among the nodes of the project: after what they name, read and mention, before what waits for them.
//   J1. A name is an asset, a task or a group of tasks; whatever it is not is an error with its place.
//   J2. A task that says nothing comes after what its SQL reads and what its expressions and placeholders mention.
//   J3. `task: NAME` stands for the task that defineTask made: its place in the job is the job's, its keys win.
//   J4. What undoes a task needs nothing; it is there when the job compensates.
import { type ErrorCode, MillraceError, type SourceLocation } from "../model/errors.ts";
import type { NodeId, ProjectNode, TaskNode } from "../model/graph.ts";
import { orderByNeeds } from "../model/order.ts";
import { nearest } from "../model/suggest.ts";
import type { JobTask, TaskAction, TaskReference } from "../model/task.ts";
import type { Graph, GraphResult } from "./graph.ts";

export interface JobGraphInput {
  readonly graph: Graph;
  readonly job: string;
  readonly tasks: readonly JobTask[];
  /** Per task the assets that its SQL names. */
  readonly reads?: ReadonlyMap<string, readonly NodeId[]>;
  /** Are there undos? */
  readonly compensates: boolean;
  readonly locate: (path: readonly (string | number)[], what?: "key" | "value") => SourceLocation | undefined;
}

export interface JobGraph extends GraphResult {
  /** The job's own tasks and what undoes them, in the order of the graph. */
  readonly own: readonly NodeId[];
}

/** The graph of the project with the job's tasks in it. */
export function withJobTasks(input: JobGraphInput): JobGraph {
  const book = openBook(input);
  for (const task of input.tasks) addTask(book, task);
  for (const task of input.tasks) placeTask(book, task);
  const undos = input.compensates ? undoNodes(book) : [];
  for (const undo of undos) {
    book.nodes.set(undo.id, undo);
    book.needs.set(undo.id, new Set());
  }
  const { order, cycles } = orderByNeeds(book.nodes.keys(), (id) => book.needs.get(id) ?? []);
  for (const cycle of cycles) tellCircle(book, cycle);
  const placed = new Set(order);
  const all = [...order, ...[...book.nodes.keys()].filter((id) => !placed.has(id)).toSorted()];
  const needs = new Map([...book.needs].map(([id, own]) => [id, [...own].toSorted()]));
  const own = new Set([...input.tasks.map(({ name }) => idOf(name)), ...undos.map(({ id }) => id)]);
  const reads = new Map([...book.nodes.keys()].map((id) => [id, input.graph.reads.get(id) ?? []]));
  return {
    graph: { nodes: book.nodes, order: all, needs, dependents: dependentsOf(needs), reads },
    errors: book.errors,
    own: all.filter((id) => own.has(id)),
  };
}

/** What undoes a task has its name and a word that no task's name can hold. */
export function undoId(id: NodeId): NodeId {
  return `${id}.undo`;
}

interface Book {
  readonly input: JobGraphInput;
  readonly nodes: Map<NodeId, ProjectNode>;
  readonly needs: Map<NodeId, Set<NodeId>>;
  readonly groups: Map<string, NodeId[]>;
  readonly errors: MillraceError[];
}

const idOf = (name: string): NodeId => `task:${name}`;

function openBook(input: JobGraphInput): Book {
  const { graph, tasks } = input;
  const groups = new Map<string, NodeId[]>();
  for (const { name, settings } of tasks)
    if (settings.group !== undefined) groups.set(settings.group, [...(groups.get(settings.group) ?? []), idOf(name)]);
  const needs = new Map([...graph.needs].map(([id, own]) => [id, new Set(own)]));
  return { input, nodes: new Map(graph.nodes), needs, groups, errors: [] };
}

interface Told {
  readonly path: readonly (string | number)[];
  readonly what?: "key" | "value";
  readonly hint?: string | undefined;
}

function tell(book: Book, code: ErrorCode, message: string, { path, what, hint }: Told): void {
  const location = book.input.locate(path, what);
  book.errors.push(
    new MillraceError({ code, message, ...(location === undefined ? {} : { location }), ...(hint === undefined ? {} : { hint }) }),
  );
}

/** Puts the node of a task into the graph, without its needs. */
function addTask(book: Book, task: JobTask): void {
  const { graph } = book.input;
  const id = idOf(task.name);
  const path = ["tasks", task.name];
  const made = graph.nodes.get(id);
  const reference = task.action.kind === "task" ? referred(book, task.action, [...path, "task"]) : undefined;
  if (task.action.kind === "task" && reference === undefined) return;
  if (made !== undefined && reference?.id !== id) {
    tell(book, "MR1049", `the job's task ${task.name} has the name of a task of ${made.file}`, {
      path,
      what: "key",
      hint: `rename one, or refer to it: ${task.name}: { task: ${task.name} }`,
    });
  }
  const { group } = task.settings;
  if (group !== undefined && book.input.tasks.some(({ name }) => name === group))
    tell(book, "MR1049", `the group ${group} has the name of a task`, { path: [...path, "group"], hint: "rename one of them" });
  book.nodes.set(id, nodeOf(task, id, reference));
  book.needs.set(id, new Set());
  if (reference !== undefined && reference.id !== id) takePlace(book, reference, id);
}

function nodeOf(task: JobTask, id: NodeId, reference: TaskNode | undefined): TaskNode {
  const { file, description, tags, owner, timeout, retry, reuse, codeHash } = task;
  const isolation = task.isolation ?? reference?.isolation;
  const undo = task.undo ?? reference?.undo;
  return {
    kind: "task",
    id,
    file,
    description: description ?? reference?.description,
    tags: [...(reference?.tags ?? []), ...tags],
    owner: owner ?? reference?.owner,
    timeout: timeout ?? reference?.timeout,
    retry: reference?.retry === undefined ? retry : { ...reference.retry, ...retry },
    codeHash: reference === undefined ? codeHash : `${codeHash}:${reference.codeHash}`,
    after: [],
    action: reference?.action ?? (task.action as TaskAction),
    settings: { ...reference?.settings, ...task.settings },
    ...(reuse || reference?.reuse === true ? { reuse: true as const } : {}),
    ...(isolation === undefined ? {} : { isolation }),
    ...(task.components === undefined ? {} : { components: task.components }),
    ...(undo === undefined ? {} : { undo }),
  };
}

/** J3. */
function referred(book: Book, { task }: TaskReference, path: readonly (string | number)[]): TaskNode | undefined {
  const { graph } = book.input;
  const node = graph.nodes.get(idOf(task));
  if (node?.kind === "task") return node;
  const known = [...graph.nodes.values()].flatMap((each) => (each.kind === "task" ? [each.id.slice("task:".length)] : []));
  tell(book, "MR1044", `there is no task ${JSON.stringify(task)} in the project`, {
    path,
    hint: meant(task, known) ?? (known.length === 0 ? "defineTask makes one, in pipelines/" : `tasks: ${known.join(", ")}`),
  });
  return undefined;
}

/** What stood at or after the task that is referred to now stands at the job's. */
function takePlace(book: Book, { id: from }: TaskNode, to: NodeId): void {
  for (const own of book.needs.values()) if (own.delete(from)) own.add(to);
  book.nodes.delete(from);
  book.needs.delete(from);
}

function placeTask(book: Book, task: JobTask): void {
  const { graph, reads } = book.input;
  const id = idOf(task.name);
  const own = book.needs.get(id);
  if (own === undefined) return;
  const waiting = new Set<NodeId>();
  for (const [index, name] of task.before.entries())
    for (const later of lookUp(book, task, name, ["tasks", task.name, "before", index])) waiting.add(later);
  for (const [index, name] of task.after.entries())
    for (const need of lookUp(book, task, name, ["tasks", task.name, "after", index])) own.add(need);
  if (task.action.kind === "task" && task.after.length === 0)
    for (const need of graph.needs.get(idOf(task.action.task)) ?? []) if (book.nodes.has(need)) own.add(need);
  for (const name of task.mentions)
    for (const need of lookUp(book, task, name, ["tasks", task.name, "when"])) if (!waiting.has(need)) own.add(need);
  for (const need of reads?.get(task.name) ?? []) if (!waiting.has(need)) own.add(need);
  for (const later of waiting) book.needs.get(later)?.add(id);
}

/** J1. A group is all its tasks but the one that names it. */
function lookUp(book: Book, task: JobTask, name: string, path: readonly (string | number)[]): readonly NodeId[] {
  const id = idOf(task.name);
  const plain = name.toLowerCase();
  const known = [...book.nodes.keys()];
  const found = known.find((each) => [plain, `task:${plain}`, `main.${plain}`].includes(each.toLowerCase()));
  if (found === id) {
    tell(book, "MR1049", `the task ${task.name} waits for itself`, { path, hint: `take ${name} out` });
    return [];
  }
  if (found !== undefined) return [found];
  const group = book.groups.get(name);
  if (group !== undefined) return group.filter((each) => each !== id);
  const names = [...known.map((each) => each.replace(/^task:/, "")), ...book.groups.keys()];
  tell(book, "MR1044", `${JSON.stringify(name)} is no asset, task or group of this job`, {
    path,
    hint: meant(name, names) ?? "`millrace ls` lists the assets",
  });
  return [];
}

/** J4. */
function undoNodes(book: Book): readonly TaskNode[] {
  const undos: TaskNode[] = [];
  for (const node of book.nodes.values()) {
    if (node.kind !== "task" || node.undo === undefined) continue;
    const path = ["tasks", node.id.slice("task:".length), "compensate"];
    const action = node.undo.kind === "task" ? referred(book, node.undo, [...path, "task"])?.action : node.undo;
    if (action === undefined) continue;
    const { undo: _undo, settings: _settings, reuse: _reuse, ...common } = node;
    undos.push({
      ...common,
      id: undoId(node.id),
      description: `undoes ${node.id.slice("task:".length)}`,
      after: [],
      action,
      settings: { compensates: node.id },
    });
  }
  return undos;
}

function tellCircle(book: Book, cycle: readonly NodeId[]): void {
  const names = new Set(book.input.tasks.map(({ name }) => idOf(name)));
  const own = cycle.find((id) => names.has(id));
  const path = own === undefined ? [] : ["tasks", own.slice("task:".length)];
  const words = cycle.map((id) => id.replace(/^task:/, "")).join(" → ");
  tell(book, "MR1049", `tasks wait for each other in a circle: ${words} (each needs the next)`, {
    path,
    what: "key",
    hint: "take one `after` or `before` of the circle out",
  });
}

function meant(name: string, known: readonly string[]): string | undefined {
  const [first] = nearest(name, known, 1);
  return first === undefined ? undefined : `did you mean ${JSON.stringify(first)}?`;
}

function dependentsOf(needs: ReadonlyMap<NodeId, readonly NodeId[]>): ReadonlyMap<NodeId, readonly NodeId[]> {
  const dependents = new Map<NodeId, NodeId[]>([...needs.keys()].map((id) => [id, []]));
  for (const [id, own] of needs) for (const need of own) dependents.get(need)?.push(id);
  for (const list of dependents.values()) list.sort();
  return dependents;
}
