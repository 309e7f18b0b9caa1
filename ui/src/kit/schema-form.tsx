// A form from a JSON Schema (of an object): text, number, yes or no, one of several, date. What the schema forbids is said beside the field; the server has the last word.
import type { ReactNode } from "react";
import { Field } from "./field.tsx";

export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly writeOnly?: boolean;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

export type FormValue = Readonly<Record<string, unknown>>;

interface SchemaFormProps {
  readonly schema: JsonSchema;
  readonly value: FormValue;
  readonly onChange: (value: FormValue) => void;
  /** What the server said of a field. */
  readonly errors?: Readonly<Record<string, string>>;
}

export function SchemaForm({ schema, value, onChange, errors = {} }: SchemaFormProps): ReactNode {
  const { properties = {}, required = [] } = schema;
  return (
    <div className="stack">
      {Object.entries(properties).map(([name, field]) => (
        <SchemaField
          key={name}
          name={name}
          field={field}
          isNeeded={required.includes(name)}
          value={value[name]}
          error={errors[name] ?? wrong(field, value[name])}
          onChange={(next) => {
            const { [name]: _before, ...rest } = value;
            onChange(next === undefined ? rest : { ...rest, [name]: next });
          }}
        />
      ))}
    </div>
  );
}

interface SchemaFieldProps {
  readonly name: string;
  readonly field: JsonSchema;
  readonly isNeeded: boolean;
  readonly value: unknown;
  readonly error: string | undefined;
  readonly onChange: (value: unknown) => void;
}

function SchemaField({ name, field, isNeeded, value, error, onChange }: SchemaFieldProps): ReactNode {
  const label = `${field.title ?? name}${isNeeded ? "" : " (optional)"}`;
  const type = typeof field.type === "string" ? field.type : (field.type?.find((each) => each !== "null") ?? "string");
  const shown = value ?? field.default;
  const text = shown === undefined || shown === null ? "" : typeof shown === "string" ? shown : JSON.stringify(shown);
  return (
    <Field label={label} {...(field.description === undefined ? {} : { help: field.description })} error={error}>
      {(id, describedBy) => {
        const about = {
          id,
          "aria-describedby": describedBy,
          "aria-invalid": error === undefined ? undefined : true,
          required: isNeeded,
        } as const;
        if (field.enum !== undefined)
          return (
            <select
              {...about}
              className="input"
              value={text}
              onChange={(event) => onChange(field.enum!.find((each) => textOf(each) === event.target.value))}
            >
              <option value="" />
              {field.enum.map((each) => (
                <option key={textOf(each)} value={textOf(each)}>
                  {textOf(each)}
                </option>
              ))}
            </select>
          );
        if (type === "boolean")
          return (
            <input
              {...about}
              required={false}
              type="checkbox"
              checked={shown === true}
              onChange={(event) => onChange(event.target.checked)}
            />
          );
        const isNumber = type === "number" || type === "integer";
        return (
          <input
            {...about}
            className="input"
            type={field.writeOnly === true ? "password" : isNumber ? "number" : field.format === "date" ? "date" : "text"}
            step={type === "integer" ? 1 : "any"}
            value={text}
            onChange={(event) => {
              const given = event.target.value;
              onChange(given === "" ? undefined : isNumber ? Number(given) : given);
            }}
          />
        );
      }}
    </Field>
  );
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function wrong(field: JsonSchema, value: unknown): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value === "number") {
    if (field.minimum !== undefined && value < field.minimum) return `at least ${field.minimum}`;
    if (field.maximum !== undefined && value > field.maximum) return `at most ${field.maximum}`;
    if (field.type === "integer" && !Number.isInteger(value)) return "a whole number";
  }
  if (typeof value === "string") {
    if (field.maxLength !== undefined && value.length > field.maxLength) return `at most ${field.maxLength} characters`;
    if (field.minLength !== undefined && value.length < field.minLength) return `at least ${field.minLength} characters`;
  }
  return undefined;
}
