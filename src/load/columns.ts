// The columns of a load: which header becomes which column, of which type, under the contract. Plain values; nothing is read from the data here
// except the facts that `facts` brings.
//   C1. A declared type is fixed. Without one the last committed type holds, and `typeChange` decides what may become of it.
//   C2. A column without any value says nothing about its type.
//   C3. Text stays exactly as it was written: where another type would bend it, the file is staged again with that column as text.
import type { ColumnSpec, PiiChoice } from "../model/definitions/source.ts";
import { MillraceError } from "../model/errors.ts";
import { columnName, uniqueName } from "../model/names.ts";
import type { StagedColumn as ReadColumn } from "../formats/format.ts";
import { parseExpression, typeOfParse } from "../formats/types/parse.ts";
import { literal } from "../sql/text.ts";
import type { LoadContract } from "./contract.ts";
import type { Mask } from "./pii.ts";
import { isNested } from "../schemas/nested.ts";
import { fitsInto, unifyTypes } from "../schemas/lattice.ts";

/** A stage's column; `shaped` is the SQL over `t` that gives it the type, where `nested:` changes it. */
export interface StagedColumn extends ReadColumn {
  readonly shaped?: string;
}

/** A column as it was committed last (`_millrace.schemas`). */
export interface CommittedColumn {
  readonly name: string;
  readonly type: string;
  /** The header it came from; null for a column that Millrace added. */
  readonly from: string | null;
  readonly description?: string | null;
  readonly required?: boolean;
  readonly hasDefault?: boolean;
}

/** What a stage's column is, as far as the data must be asked. */
export interface ColumnFacts {
  /** No row has a value. */
  readonly isEmpty: boolean;
  /** All integers lie within ±2^53. */
  readonly isSmall: boolean;
}

export interface StageColumns {
  readonly name: string;
  readonly columns: readonly StagedColumn[];
  readonly canStageAgain: boolean;
  facts(column: StagedColumn): ColumnFacts;
}

/** How one stage fills one target column. */
export type Source = { readonly kind: "missing" } | { readonly kind: "same" | "cast" | "narrow" | "parse"; readonly column: StagedColumn };

export interface TargetColumn {
  readonly name: string;
  readonly type: string;
  readonly from: string | null;
  readonly spec: ColumnSpec | undefined;
  /** Per stage, in order. */
  readonly sources: readonly Source[];
  /** Rule under which a value that does not fit is told. */
  readonly rule: "badValue" | "typeChange";
  /** What happens to a value that does not fit. */
  readonly onBad: "quarantine" | "null" | "fail" | "variant";
  /** A second column of text keeps what does not fit. */
  readonly hasVariant: boolean;
  /** What stands where there is no value, as SQL of the type; null: NULL. */
  readonly defaultSql: string | null;
  /** How its values are hidden; the column is text then. */
  readonly mask: Mask | null;
}

/** What happened to a column of the schema, and the policy that let it. */
export interface SchemaChange {
  readonly column: string;
  readonly change: "added" | "removed" | "renamed" | "widened" | "retyped" | "missing";
  readonly detail: string;
  /** `newColumn: add`, `typeChange: widen`, `definition`, … */
  readonly policy: string;
}

export interface ColumnPlan {
  readonly columns: readonly TargetColumn[];
  /** Columns of the stages that are not loaded; with `reject`, rows that have a value in one are quarantined. */
  readonly left: readonly { readonly stage: number; readonly column: StagedColumn; readonly reject: boolean }[];
  /** Labels that must be staged again as text, per stage; when not empty nothing else of the plan counts. */
  readonly asText: ReadonlyMap<number, ReadonlySet<string>>;
  readonly changes: readonly SchemaChange[];
  /** Rows of `_millrace.changes` that no data must be asked for. */
  readonly notes: readonly { readonly column: string; readonly rule: string; readonly values: number; readonly detail: string }[];
  readonly warnings: readonly string[];
}

export interface ColumnRequest {
  readonly asset: string;
  readonly stages: readonly StageColumns[];
  readonly declared: Readonly<Record<string, ColumnSpec>>;
  /** Types of the declared columns as DuckDB writes them. */
  readonly declaredTypes: ReadonlyMap<string, string>;
  readonly committed: readonly CommittedColumn[] | null;
  /** Columns of integers whose rows in the asset lie beyond ±2^53: they cannot become DOUBLE. */
  readonly committedLarge: ReadonlySet<string>;
  readonly contract: LoadContract;
  readonly pii?: Readonly<Record<string, PiiChoice>> | undefined;
  readonly style: "snake" | "keep";
  /** The definition changed and the table is made anew: columns that are gone are dropped, not filled with NULL. */
  readonly dropsMissing: boolean;
}

/** Name of the column of text beside one whose type changed. */
export function variantName(column: string): string {
  return `${column}__text`;
}

/** Decides all columns. @throws MR4002, MR4003, MR4004 by contract. */
export function planColumns(request: ColumnRequest): ColumnPlan {
  return new Planner(request).plan();
}

class Planner {
  private readonly request: ColumnRequest;
  private readonly columns: TargetColumn[] = [];
  private readonly left: { stage: number; column: StagedColumn; reject: boolean }[] = [];
  private readonly asText = new Map<number, Set<string>>();
  private readonly changes: SchemaChange[] = [];
  private readonly notes: { column: string; rule: string; values: number; detail: string }[] = [];
  private readonly warnings: string[] = [];

  constructor(request: ColumnRequest) {
    this.request = request;
  }

  plan(): ColumnPlan {
    const { committed, declared, stages, contract, asset } = this.request;
    const found = this.matchLabels();
    const known = new Map((committed ?? []).map((column) => [column.name, column]));
    const variants = new Set((committed ?? []).filter((column) => column.from === null).map((column) => column.name));
    const order = [...new Set([...[...known.keys()].filter((name) => !variants.has(name)), ...found.keys(), ...Object.keys(declared)])];
    for (const name of order) {
      const perStage = found.get(name) ?? new Map<number, StagedColumn>();
      const spec = declared[name];
      const before = known.get(name);
      if (perStage.size === 0 && before !== undefined && spec === undefined && this.request.dropsMissing) {
        this.changes.push({ column: name, change: "removed", detail: "the definition no longer yields it", policy: "definition" });
        continue;
      }
      if (committed !== null && before === undefined && spec === undefined && !this.admit(name, perStage)) continue;
      this.checkMissing(name, spec, before, perStage);
      this.columns.push(this.target(name, spec, before, perStage));
    }
    if (this.columns.length === 0 && stages.some((stage) => stage.columns.length > 0)) {
      throw new MillraceError({ code: "MR4003", message: `No column of ${asset} is left to load (newColumn: ${contract.newColumn}).` });
    }
    return {
      columns: this.columns,
      left: this.left,
      asText: this.asText,
      changes: this.changes,
      notes: this.notes,
      warnings: this.warnings,
    };
  }

  /** Target name → column per stage. */
  private matchLabels(): Map<string, Map<number, StagedColumn>> {
    const { stages, declared, style } = this.request;
    const found = new Map<string, Map<number, StagedColumn>>();
    for (const [index, stage] of stages.entries()) {
      const taken = new Set<string>();
      const names = new Map<StagedColumn, string>();
      for (const [name, spec] of Object.entries(declared)) {
        if (spec.from === undefined) continue;
        const column = findLabel(stage.columns, spec.from, names);
        if (column === undefined) continue;
        names.set(column, name);
        taken.add(name.toLowerCase());
      }
      for (const [position, column] of stage.columns.entries()) {
        if (names.has(column)) continue;
        names.set(column, uniqueName(columnName(column.label, position + 1, style), taken));
      }
      for (const column of stage.columns) {
        const name = names.get(column)!;
        const perStage = found.get(name) ?? new Map<number, StagedColumn>();
        perStage.set(index, column);
        found.set(name, perStage);
      }
    }
    return found;
  }

  /** newColumn: is this column, unknown so far, to be loaded? */
  private admit(name: string, perStage: ReadonlyMap<number, StagedColumn>): boolean {
    const { newColumn } = this.request.contract;
    const label = [...perStage.values()][0]?.label.trim() ?? name;
    switch (newColumn) {
      case "add":
        this.changes.push({ column: name, change: "added", detail: `from ${JSON.stringify(label)}`, policy: "newColumn: add" });
        this.warnings.push(`column ${JSON.stringify(label)} is new: added as ${name}, NULL in the rows before`);
        return true;
      case "ignore":
      case "quarantine":
        for (const [stage, column] of perStage) this.left.push({ stage, column, reject: newColumn === "quarantine" });
        this.warnings.push(`column ${JSON.stringify(label)} is new and is not loaded (newColumn: ${newColumn})`);
        return false;
      case "fail":
        throw new MillraceError({
          code: "MR4002",
          message: `${this.request.asset} has a new column ${JSON.stringify(label)} in ${this.request.stages[[...perStage.keys()][0] ?? 0]?.name ?? "the delivery"}.`,
        });
      default:
        return newColumn satisfies never;
    }
  }

  private checkMissing(
    name: string,
    spec: ColumnSpec | undefined,
    before: CommittedColumn | undefined,
    perStage: ReadonlyMap<number, StagedColumn>,
  ): void {
    const { asset, contract, committed, stages } = this.request;
    const withColumns = stages.filter((stage) => stage.columns.length > 0);
    const lacking = stages.filter((stage, index) => stage.columns.length > 0 && !perStage.has(index));
    if (lacking.length === 0 || (spec === undefined && before === undefined)) return;
    const wanted = spec?.from ?? before?.from ?? name;
    const isMistake =
      committed === null && spec?.from !== undefined && !contract.missingColumnWritten && lacking.length === withColumns.length;
    if (contract.missingColumn === "fail" || isMistake) {
      const headers = lacking[0]!.columns.map((column) => JSON.stringify(column.label.trim())).slice(0, 20);
      throw new MillraceError({
        code: "MR4003",
        message: `${lacking[0]!.name} has no column ${JSON.stringify(wanted.trim())} for ${asset}.${name}.`,
        hint: `Its columns are ${headers.join(", ")}.`,
      });
    }
    if (lacking.length === withColumns.length) {
      const instead = spec?.default === undefined ? "NULL" : JSON.stringify(spec.default);
      this.warnings.push(`column ${name} (${JSON.stringify(wanted.trim())}) is not in the delivery: ${instead}`);
      const detail = `not in the delivery: ${instead}`;
      this.notes.push({ column: name, rule: "missingColumn(null)", values: 0, detail });
      if (before !== undefined) this.changes.push({ column: name, change: "missing", detail, policy: "missingColumn: null" });
    }
  }

  private target(
    name: string,
    spec: ColumnSpec | undefined,
    before: CommittedColumn | undefined,
    perStage: ReadonlyMap<number, StagedColumn>,
  ): TargetColumn {
    const from = [...perStage.values()][0]?.label ?? before?.from ?? spec?.from ?? null;
    const { contract, declaredTypes } = this.request;
    const choice = this.request.pii?.[name];
    const mask = choice === undefined || choice === "drop" ? null : choice;
    const fixed =
      (mask === null ? declaredTypes.get(name) : "VARCHAR") ?? (spec?.parse === undefined ? undefined : typeOfParse(spec.parse));
    const delivered = this.deliveredType(perStage);
    const type = fixed ?? (before === undefined ? (delivered ?? "VARCHAR") : this.committedType(name, before.type, delivered, perStage));
    const isChange = fixed === undefined && before !== undefined;
    const onBad = isChange
      ? contract.typeChange === "variant"
        ? "variant"
        : contract.typeChange === "quarantine"
          ? "quarantine"
          : contract.badValue
      : contract.badValue;
    const sources = this.sources(type, spec, perStage);
    const needsVariant = onBad === "variant" && sources.some((source) => source.kind === "parse" || source.kind === "narrow");
    const hasVariant =
      (needsVariant && mask === null) ||
      (this.request.committed ?? []).some((column) => column.from === null && column.name === variantName(name));
    return {
      name,
      type,
      from,
      spec,
      rule: isChange && contract.typeChange !== "widen" ? "typeChange" : "badValue",
      onBad,
      hasVariant,
      sources,
      mask,
      defaultSql: spec?.default === undefined ? null : parseExpression({ type }, literal(String(spec.default))).value,
    };
  }

  /** C1 for a column without a declared type. */
  private committedType(name: string, committed: string, delivered: string | null, perStage: ReadonlyMap<number, StagedColumn>): string {
    if (
      delivered === null ||
      delivered === committed ||
      fitsInto(delivered, committed) === "exact" ||
      committed === "VARCHAR" ||
      committed === "JSON"
    )
      return committed;
    const { typeChange } = this.request.contract;
    if (typeChange === "fail") {
      throw new MillraceError({
        code: "MR4004",
        message: `${this.request.asset}.${name} was ${committed} and is ${delivered} in this delivery.`,
      });
    }
    if (typeChange !== "widen") return committed;
    // A plain value where there was a nested one, or the other way round, is no widening.
    const union = isNested(committed) === isNested(delivered) ? unifyTypes(committed, delivered) : null;
    const isSmall =
      !this.request.committedLarge.has(name) && [...perStage].every(([stage, column]) => this.request.stages[stage]!.facts(column).isSmall);
    // Text or rounding is not widening: such values are bad values.
    if (union === null || (union.when === "ifSmall" && !isSmall)) return committed;
    const detail = `${committed} → ${union.type}`;
    this.changes.push({ column: name, change: "widened", detail, policy: "typeChange: widen" });
    this.notes.push({ column: name, rule: "typeChange(widen)", values: 0, detail });
    return union.type;
  }

  /** The one type of all stages that have values in the column; VARCHAR when only text holds them; null when none has a value. */
  private deliveredType(perStage: ReadonlyMap<number, StagedColumn>): string | null {
    let type: string | null = null;
    let isSmall = true;
    for (const [stage, column] of perStage) {
      const facts = this.request.stages[stage]!.facts(column);
      if (facts.isEmpty) continue;
      isSmall &&= facts.isSmall;
      if (type === null) {
        type = column.type;
        continue;
      }
      const union = unifyTypes(type, column.type);
      type = union === null || (union.when === "ifSmall" && !isSmall) ? "VARCHAR" : union.type;
    }
    return type;
  }

  private sources(type: string, spec: ColumnSpec | undefined, perStage: ReadonlyMap<number, StagedColumn>): Source[] {
    return this.request.stages.map((stage, index): Source => {
      const column = perStage.get(index);
      if (column === undefined) return { kind: "missing" };
      const isText = column.type === "VARCHAR";
      if (spec?.parse !== undefined || spec?.map !== undefined || (spec?.nulls?.length ?? 0) > 0) {
        if (!isText) this.wantText(index, stage, column);
        return { kind: "parse", column };
      }
      if (column.type === type) return { kind: "same", column };
      const facts = stage.facts(column);
      if (facts.isEmpty) return { kind: "missing" };
      if (type === "JSON" && isNested(column.type)) return { kind: "cast", column };
      if (type === "VARCHAR" || type === "JSON") {
        if (!column.exactText) this.wantText(index, stage, column);
        return { kind: "cast", column };
      }
      if (isText || column.type === "JSON") return { kind: "parse", column };
      const fit =
        spec?.type !== undefined && (type === "DOUBLE" || type === "FLOAT") && isNumber(column.type)
          ? "exact"
          : fitsInto(column.type, type);
      return { kind: fit === "exact" || (fit === "ifSmall" && facts.isSmall) ? "cast" : "narrow", column };
    });
  }

  private wantText(index: number, stage: StageColumns, column: StagedColumn): void {
    if (!stage.canStageAgain) return;
    const labels = this.asText.get(index) ?? new Set<string>();
    labels.add(column.label);
    this.asText.set(index, labels);
  }
}

function isNumber(type: string): boolean {
  return /INT$|^DECIMAL|^(INTEGER|DOUBLE|FLOAT)$/.test(type);
}

/** The header that `from:` means: as written without surrounding space, else in any case. */
function findLabel(columns: readonly StagedColumn[], from: string, taken: ReadonlyMap<StagedColumn, string>): StagedColumn | undefined {
  const free = columns.filter((column) => !taken.has(column));
  const wanted = from.trim();
  return (
    free.find((column) => column.label === from) ??
    free.find((column) => column.label.trim() === wanted) ??
    free.find((column) => column.label.trim().toLowerCase() === wanted.toLowerCase())
  );
}
