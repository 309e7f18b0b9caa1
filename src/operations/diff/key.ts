// The columns by which rows of two relations are matched.
import { MillraceError } from "../../model/errors.ts";
import type { ProjectNode } from "../../model/graph.ts";
import { ident } from "../../sql/text.ts";
import type { Relation } from "./compare.ts";

export function declaredKey(node: ProjectNode | undefined): readonly string[] | null {
  switch (node?.kind) {
    case "model":
      return node.spec.key === undefined ? null : [node.spec.key].flat();
    case "source":
    case "extract":
      return node.spec.primaryKey === undefined ? null : [node.spec.primaryKey].flat();
    case "transform":
      return node.key.length === 0 ? null : node.key;
    case "export":
    case "task":
    case undefined:
      return null;
    default:
      return node satisfies never;
  }
}

interface KeyRequest {
  readonly before: Relation;
  readonly after: Relation;
  readonly isAsked: boolean;
}

/** A declared key that one side lacks is no key; one that was asked for is an error. @throws MR8812 */
export function keyOf(key: readonly string[] | null, { before: old, after: now, isAsked }: KeyRequest): readonly string[] | null {
  const missing = key?.find((name) =>
    [old, now].some(({ columns }) => !columns.some((column) => column.name.toLowerCase() === name.toLowerCase())),
  );
  if (missing === undefined) return key;
  if (!isAsked) return null;
  const names = now.columns.map(({ name }) => ident(name)).join(", ");
  throw new MillraceError({ code: "MR8812", message: `the key ${missing} is not a column of both sides`, hint: `there are ${names}` });
}
