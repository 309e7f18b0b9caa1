// `millrace add CONNECTOR`: tries the settings, lists what is there, and writes a source for each table or set of files that is chosen. Secrets go to
// secrets.env, shared settings to a connection of millrace.yaml; nothing that exists is overwritten.
import type { AddAnswer, AddFormAnswer } from "../../model/add-answers.ts";
import { MillraceError } from "../../model/errors.ts";
import { didYouMean } from "../../model/suggest.ts";
import type { Discovered, ReadContext } from "../../load/connector.ts";
import { connectorSettings } from "../../model/definitions/project.ts";
import { resolvePlaceholders } from "../../project/placeholders.ts";
import type { AnyConnector } from "../parts.ts";
import type { Workspace } from "../workspace.ts";
import { chooseTables } from "./choose.ts";
import { questionsFor, settingsFrom, withoutSecretValues } from "./settings.ts";
import { type SourceFile, sourceFileOf, writeConnection, writeNew, writeSecrets } from "./write.ts";

export interface AddRequest {
  readonly connector: string;
  /** Key → value, keys dotted where they are nested: `auth.bearer`. */
  readonly settings: Readonly<Record<string, string>>;
  /** A connection of millrace.yaml: used when it is there, made of the settings when not. */
  readonly connection?: string;
  /** Names or patterns of what is discovered. */
  readonly tables: readonly string[];
  /** Name of the one source. */
  readonly name?: string;
  /** Only try and list. */
  readonly list: boolean;
  readonly dryRun: boolean;
}

/** What a person must say before `add` can do anything. @throws MR8501 for a connector that is none. */
export async function addForm(workspace: Workspace, name: string): Promise<AddFormAnswer> {
  const connector = await connectorNamed(workspace, name);
  const config = await workspace.config();
  const connections = Object.entries(config.connections ?? {}).filter(([, value]) => Object.hasOwn(value, name));
  return {
    connector: name,
    summary: connector.summary,
    connections: connections.map(([key]) => key),
    questions: questionsFor(connector.options),
  };
}

/** @throws MR8501–MR8505, and what the connector says when it cannot be reached. */
export async function addSources(workspace: Workspace, request: AddRequest): Promise<AddAnswer> {
  const connector = await connectorNamed(workspace, request.connector);
  const config = await workspace.config();
  const known = request.connection === undefined ? undefined : config.connections?.[request.connection];
  if (known !== undefined && !Object.hasOwn(known, request.connector))
    throw new MillraceError({
      code: "MR8502",
      message: `the connection ${request.connection} is one of ${Object.keys(known).join(", ")}, not of ${request.connector}`,
    });
  if (known === undefined && Object.keys(request.settings).length === 0)
    throw nothingSaid(connector, request, Object.keys(config.connections ?? {}));
  const given = settingsFrom(connector.options, request.settings);
  const { settings, secrets } = withoutSecretValues(given, { prefix: request.connection ?? request.connector, taken: workspace.secrets() });
  const makes = request.connection !== undefined && known === undefined;
  const shared = known === undefined ? settings : { ...connectorSettings(known), ...settings };
  const values = { env: process.env, secrets: new Map([...workspace.secrets(), ...secrets]), params: {} };
  const options = resolvePlaceholders(shared, values, { onSecret: (secret) => workspace.useSecret(secret) }) as Readonly<
    Record<string, unknown>
  >;
  const answer = await withContext(workspace, async (context) => {
    const tested = connector.test === undefined ? null : await connector.test(options, context);
    const found = connector.discover === undefined ? null : await connector.discover(options, context);
    const chosen = request.list ? [] : chooseTables(found, request.tables, { connector: request.connector, settings });
    const sources: SourceFile[] = [];
    for (const one of chosen) {
      const peeked = one.columns === undefined ? await peek(connector, { ...options, ...one.options }, context) : undefined;
      const columns = one.columns ?? peeked;
      const from =
        request.connection === undefined
          ? { ...settings, ...one.options }
          : { connection: request.connection, ...(makes ? {} : settings), ...one.options };
      sources.push(
        sourceFileOf(
          { ...one, ...(columns === undefined ? {} : { columns }) },
          {
            connector: request.connector,
            from,
            name: request.name,
            alone: chosen.length === 1,
            types: peeked !== undefined || one.duckdbTypes === true ? "declared" : "ofServer",
          },
        ),
      );
    }
    return { tested, found, sources };
  });
  const files = answer.sources.map(({ file, asset, text }) => ({ file, asset, text }));
  if (!request.list && !request.dryRun) {
    writeNew(workspace.dir, answer.sources);
    writeSecrets(workspace.dir, secrets);
    if (makes) await writeConnection(workspace.dir, request.connection, request.connector, settings);
  }
  return {
    connector: request.connector,
    connection: request.connection ?? null,
    tested: answer.tested,
    found: answer.found === null ? null : answer.found.map(shown),
    files,
    secrets: [...secrets.keys()],
    dryRun: request.dryRun || request.list,
  };
}

/** Neither settings nor a connection that has them: there is nobody to ask. */
function nothingSaid(connector: AnyConnector, { connection }: AddRequest, connections: readonly string[]): MillraceError {
  const keys = questionsFor(connector.options).map(({ key }) => key);
  const settings = `--set ${keys[0] ?? "KEY"}=…`;
  if (connection !== undefined)
    return new MillraceError({
      code: "MR8502",
      message: `there is no connection ${JSON.stringify(connection)} in millrace.yaml`,
      hint: didYouMean(connection, connections) ?? `${settings} makes it`,
    });
  return new MillraceError({
    code: "MR8504",
    message: `nothing says where ${connector.name} finds its data`,
    hint: `${settings}, or --connection NAME of one in millrace.yaml; on a terminal you are asked`,
  });
}

function shown({ name, primaryKey, cursor, rows, columns }: Discovered): NonNullable<AddAnswer["found"]>[number] {
  return { name, rows: rows ?? null, columns: columns?.length ?? null, primaryKey: primaryKey ?? [], cursor: cursor ?? null };
}

async function connectorNamed(workspace: Workspace, name: string): Promise<AnyConnector> {
  const project = await workspace.projectWithErrors();
  const own = (Object.hasOwn(project.own.connectors, name) ? project.own.connectors[name] : undefined) as AnyConnector | undefined;
  const connector = own ?? (Object.hasOwn(workspace.parts.connectors, name) ? workspace.parts.connectors[name] : undefined);
  const known = [...Object.keys(workspace.parts.connectors), ...Object.keys(project.own.connectors)].toSorted();
  if (connector === undefined)
    throw new MillraceError({
      code: "MR8501",
      message: `there is no connector ${JSON.stringify(name)}`,
      hint: didYouMean(name, known) ?? `one of: ${known.join(", ")}`,
    });
  if (connector.read === undefined)
    throw new MillraceError({
      code: "MR8501",
      message: `${name} only writes: it is no source`,
      hint: "exports/NAME.yaml shares an asset with it",
    });
  return connector;
}

async function withContext<Result>(workspace: Workspace, use: (context: ReadContext) => Promise<Result>): Promise<Result> {
  const warehouse = await workspace.warehouse();
  return warehouse.session(({ connection }) =>
    use({
      connection,
      projectDir: workspace.dir,
      tempDir: workspace.tempDir(),
      since: undefined,
      signal: workspace.signal,
      connections: {},
      log: () => {},
    }),
  );
}

/** Columns by the beginning of what is there; undefined when only a load tells. */
async function peek(connector: AnyConnector, options: unknown, context: ReadContext): Promise<Discovered["columns"]> {
  const parsed = connector.options.safeParse(options);
  if (!parsed.success)
    throw new MillraceError({
      code: "MR8504",
      message: `${connector.name}: ${parsed.error.issues.map((issue) => `${issue.path.join(".") || "its settings"}: ${issue.message}`).join("; ")}`,
    });
  const columns = await connector.peek?.(parsed.data, { ...context, everyFile: true });
  return columns?.map(({ label, type }) => ({ name: label, type }));
}
