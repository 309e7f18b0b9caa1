// What explains: error codes, the forms of files, what may be wrong with the installation.
import { z } from "zod";
import type { CodeEntry } from "../../model/codes/entry.ts";
import { codes } from "../../model/codes/index.ts";
import { MillraceError } from "../../model/errors.ts";
import { read } from "../route.ts";

export const helpRoutes = [
  read({
    id: "doctor.show",
    summary: "What may be wrong with the installation and the project",
    scope: "read",
    input: z.object({}),
    cli: () => ["doctor"],
    run: (app) => app.doctor(),
  }),
  read({
    id: "codes.list",
    summary: "All error codes: what each means and what to do",
    scope: "read",
    input: z.object({}),
    cli: () => ["explain"],
    run: async () => ({ codes: codeRows() }),
  }),
  read({
    id: "codes.explain",
    summary: "What an error code means and what to do",
    scope: "read",
    input: z.object({ code: z.string().describe("MR1001") }),
    cli: (input) => ["explain", input.code],
    run: async (_app, input) => {
      const code = input.code.toUpperCase();
      const found = codeRows().find((row) => row.code === code);
      if (found === undefined)
        throw new MillraceError({ code: "MR7002", message: `there is no error ${input.code}`, hint: "millrace explain lists all codes" });
      return found;
    },
  }),
  read({
    id: "schemas.list",
    summary: "The JSON Schemas of all kinds of files, by kind",
    scope: "read",
    input: z.object({}),
    run: async (app) => ({ schemas: await app.jsonSchema(undefined) }),
  }),
  read({
    id: "schemas.show",
    summary: "The JSON Schema of a kind of file, with the connectors and checks of the project",
    scope: "read",
    input: z.object({ kind: z.string().describe("source, model, job …") }),
    run: async (app, input) => ({ schema: await app.jsonSchema(input.kind) }),
  }),
] as const;

function codeRows(): readonly ({ readonly code: string } & CodeEntry)[] {
  return Object.entries<CodeEntry>(codes)
    .map(([code, entry]) => ({ code, ...entry }))
    .toSorted((a, b) => a.code.localeCompare(b.code));
}
