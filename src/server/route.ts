// One read or act of the API: what it takes, who may, and which operation of the app answers. Everything else follows from the table of them (`api.ts`): the
// handlers, the OpenAPI document, the client, the tools of agents.
import { z } from "zod";
import type { RouteId } from "../model/api-paths.ts";
import type { RunProgress } from "../model/progress.ts";
import type { App } from "../operations/port.ts";

/** `read` looks; `operate` acts on runs and data; `admin` gives others access and removes for good. Each includes those before it. */
export type Scope = "read" | "operate" | "admin";

/** What a route hears from an operation that goes on: the first that names its run is the answer of a request that does not wait. */
export type Begin = (told: RunProgress | Begun) => void;

/** What a request that does not wait is answered. */
export interface Begun {
  readonly run: string | null;
}

interface RouteBase<Id extends RouteId, Input extends z.ZodObject, Answer> {
  readonly id: Id;
  /** One line for the reader of the API. */
  readonly summary: string;
  readonly scope: Scope;
  /** Path parameters, query (GET) and body (others) together. */
  readonly input: Input;
  /** The same on the command line, without `--json`; null: there is no such command. */
  readonly cli: ((input: z.output<Input>) => readonly string[]) | null;
  /** What becomes of an environment that nothing knows: `made` makes it, `any` does not look; default: an error. */
  readonly environment?: "made" | "any";
  readonly run: (app: App, input: z.output<Input>, begin: Begin) => Promise<Answer>;
}

/** `read` has an ETag; `act` is in the audit log and done once per idempotency key; `long` is an act that is answered with 202 once its run is durable. */
export type RouteKind = "read" | "act" | "long";

export interface Route<
  Id extends RouteId = RouteId,
  Input extends z.ZodObject = z.ZodObject,
  Answer = unknown,
  Kind extends RouteKind = RouteKind,
> extends RouteBase<Id, Input, Answer> {
  readonly kind: Kind;
}

type Given<Id extends RouteId, Input extends z.ZodObject, Answer> = Omit<RouteBase<Id, Input, Answer>, "cli"> &
  Partial<Pick<RouteBase<Id, Input, Answer>, "cli">>;

export function read<const Id extends RouteId, Input extends z.ZodObject, Answer>(
  route: Given<Id, Input, Answer>,
): Route<Id, Input, Answer, "read"> {
  return { cli: null, ...route, kind: "read" };
}

export function act<const Id extends RouteId, Input extends z.ZodObject, Answer>(
  route: Given<Id, Input, Answer>,
): Route<Id, Input, Answer, "act"> {
  return { cli: null, ...route, kind: "act" };
}

export function long<const Id extends RouteId, Input extends z.ZodObject, Answer>(
  route: Given<Id, Input, Answer>,
): Route<Id, Input, Answer, "long"> {
  return { cli: null, ...route, kind: "long" };
}

/** A number in a query is text. */
export const whole = z.coerce.number().int().min(0);

/** A list in a query is text with commas. */
export const words = z.preprocess(
  (given) => (typeof given === "string" ? given.split(",").filter((word) => word !== "") : given),
  z.array(z.string()),
);

/** `true` in a query is text. */
export const flag = z.preprocess((given) => (given === "true" || given === "" ? true : given === "false" ? false : given), z.boolean());

/** Keys that were given: an optional one that is absent is not there, as the operations want it. */
export function given<Value extends object>(value: Value): { [Key in keyof Value]: Exclude<Value[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as {
    [Key in keyof Value]: Exclude<Value[Key], undefined>;
  };
}
