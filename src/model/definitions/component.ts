// A component as users write it (`components/NAME.yaml`): a part of a definition with typed parameters, used by `use: NAME` and `with: { … }`.
import * as z from "zod";

export const componentKinds = ["source", "task", "tasks", "checks", "job"] as const;
export type ComponentKind = (typeof componentKinds)[number];

export const componentParamTypes = ["string", "integer", "number", "boolean", "date", "timestamp", "list", "mapping"] as const;
export type ComponentParamType = (typeof componentParamTypes)[number];

const componentParamSpec = z.strictObject({
  type: z.enum(componentParamTypes).default("string"),
  default: z.unknown().optional(),
  enum: z
    .array(z.union([z.string(), z.number(), z.boolean()]))
    .min(1)
    .optional(),
  min: z.number().optional().describe("of a number"),
  max: z.number().optional().describe("of a number"),
  description: z.string().optional(),
});
export type ComponentParamSpec = z.infer<typeof componentParamSpec>;

export const componentSpec = z.strictObject({
  kind: z.enum(componentKinds).describe("what it stands for: a source, one task, several tasks (a cookbook), checks, a job"),
  description: z.string().optional(),
  owner: z.string().optional(),
  params: z
    .record(z.string().regex(/^[A-Za-z_]\w*$/, { error: "may hold letters, digits and _" }), componentParamSpec)
    .optional()
    .describe("stand in the body as ${with:name}; without a default they must be given"),
  body: z
    .union([z.record(z.string(), z.unknown()), z.array(z.unknown())])
    .describe("the keys of a source, a task or a job; tasks by their names; a list of checks"),
});
export type ComponentSpec = z.infer<typeof componentSpec>;

/** Where a definition uses a component. */
export const useKeys = {
  use: z.string().optional().describe("a component: components/NAME.yaml"),
  with: z.record(z.string(), z.unknown()).optional().describe("values of the component's parameters"),
} as const;
