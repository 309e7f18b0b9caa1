// How things stand, and what the project is made of.
import { z } from "zod";
import { act, given, read, words } from "../route.ts";
import { on, option, pairs } from "./command-words.ts";
import { select, soon } from "./fields.ts";

const settings = z.record(z.string(), z.string()).describe("key → value, keys dotted where they are nested: auth.bearer");

export const projectRoutes = [
  read({
    id: "status.show",
    summary: "How things stand and what needs a person, most urgent first",
    scope: "read",
    input: z.object({ soon }),
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
    cli: (input) => [
      "add",
      input.connector,
      ...pairs("set", input.settings),
      ...option("connection", input.connection),
      ...input.tables.flatMap((table) => ["--table", table]),
      ...option("name", input.name),
      ...on("list", input.list),
      ...on("dry-run", input.dryRun),
    ],
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
  act({
    id: "tests.record",
    summary: "Writes a test from rows that a model has, personal values masked",
    scope: "admin",
    input: z.object({
      model: z.string().min(1),
      rows: z.number().int().min(1).max(100).default(3).describe("of the model, to begin with"),
      where: z.string().max(10_000).exactOptional().describe("which rows: a condition in SQL on its columns"),
      name: z.string().max(200).exactOptional().describe("of the test and its file; default: the model's"),
    }),
    cli: (input) => [
      "test",
      "--record",
      input.model,
      "--rows",
      String(input.rows),
      ...option("where", input.where),
      ...option("name", input.name),
    ],
    run: (app, input) => app.recordTest(given(input)),
  }),
  act({
    id: "docs.build",
    summary: "Writes the catalogue of the project to .millrace/docs, to be read without network",
    scope: "operate",
    input: z.object({}),
    cli: () => ["docs", "build"],
    run: (app) => app.docsBuild({ now: Date.now() }),
  }),
] as const;
