// How things stand, and what the project is made of.
import { z } from "zod";
import { act, flag, read, words } from "../route.ts";
import { option } from "./command-words.ts";
import { select } from "./fields.ts";

const settings = z.record(z.string(), z.string()).describe("key → value, keys dotted where they are nested: auth.bearer");

export const projectRoutes = [
  read({
    id: "status.show",
    summary: "How things stand and what needs a person, most urgent first",
    scope: "read",
    input: z.object({
      soon: flag
        .default(false)
        .describe("from what is kept, without waiting for a plan; the live topic assets tells when one knows better"),
    }),
    cli: () => ["status"],
    run: (app, { soon }) => (soon ? app.statusSoon() : app.status()),
  }),
  read({
    id: "project.show",
    summary: "What the project is, what is wrong with its files, and under dev what the last saved file did",
    scope: "read",
    input: z.object({}),
    run: (app) => app.project(),
  }),
  read({
    id: "connectors.form",
    summary: "What a connector must be told",
    scope: "read",
    input: z.object({ connector: z.string().min(1) }),
    run: (app, input) => app.addForm(input.connector),
  }),
  act({
    id: "sources.add",
    summary: "Tries a connector's settings, lists what is there, writes sources",
    scope: "admin",
    input: z.object({
      connector: z.string().min(1),
      settings: settings.default({}),
      connection: z.string().exactOptional().describe("of millrace.yaml: used when it is there, made of the settings when not"),
      tables: words.default([]).describe("names or patterns of what is discovered"),
      name: z.string().exactOptional().describe("of the one source"),
      list: z.boolean().default(false).describe("only try and list"),
      dryRun: z.boolean().default(false),
    }),
    run: (app, input) => app.add(input),
  }),
  act({
    id: "tests.run",
    summary: "Runs the models' tests; the warehouse is not touched",
    scope: "operate",
    input: z.object({ names: words.default([]).describe("of tests, models or files; none: all"), select: select.exactOptional() }),
    cli: (input) => ["test", ...input.names, ...option("select", input.select)],
    run: async (app, input) => {
      const { answer, errors } = await app.test(input, () => {});
      return { ...answer, ...(errors.length === 0 ? {} : { errors: errors.map((each) => each.toJSON()) }) };
    },
  }),
] as const;
