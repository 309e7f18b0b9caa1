// Parts of DuckDB's serialised plan, as far as they are looked at. The format is DuckDB's own: what has another form is not read.

/** A part of the serialised plan. */
export interface PlanNode {
  readonly [field: string]: unknown;
}

export function tableOf({ name, function_data: data }: PlanNode): string | null {
  const { schema, table } = (data ?? {}) as PlanNode;
  return name === "seq_scan" && typeof schema === "string" && typeof table === "string" ? `${schema}.${table}` : null;
}

export function nodesIn(list: unknown): readonly PlanNode[] {
  return Array.isArray(list) ? (list as PlanNode[]) : [];
}

export function numbersIn(list: unknown): readonly number[] {
  return Array.isArray(list) ? (list as number[]) : [];
}

export function textsIn(list: unknown): readonly string[] {
  return Array.isArray(list) ? (list as string[]) : [];
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
