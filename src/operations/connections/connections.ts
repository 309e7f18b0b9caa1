// The connections of millrace.yaml: what they are, who uses them, and whether the other side answers now.
import { connectorSettings } from "../../model/definitions/project.ts";
import type { ConnectionAnswer, ConnectionsAnswer, ConnectionTestAnswer } from "../../model/connection-answers.ts";
import { asMillraceError, MillraceError } from "../../model/errors.ts";
import { didYouMean } from "../../model/suggest.ts";
import { secretSpans } from "../../platform/secret-names.ts";
import { resolvePlaceholders } from "../../project/placeholders.ts";
import type { Project } from "../../project/reader.ts";
import type { AnyConnector } from "../parts.ts";
import type { Workspace } from "../workspace.ts";

const TEST_MS = 20_000;
const PLACEHOLDER = /\$\{\s*(env|secret):([\w.-]+)\s*\}/g;
const MASK = "***";

export async function listConnections(workspace: Workspace): Promise<ConnectionsAnswer> {
  const project = await workspace.projectWithErrors();
  const connectors = connectorsOf(workspace, project);
  const connections = Object.entries(project.config.connections ?? {}).map(([connection, spec]): ConnectionAnswer => {
    const name = connectorOf(spec);
    const settings = flat(connectorSettings(spec)).map(({ key, value }) => ({ key, value: workspace.redact(masked(key, value)) }));
    return {
      connection,
      connector: name,
      settings,
      needs: needsOf(workspace, connectorSettings(spec)),
      usedBy: project.nodes.filter((node) => uses(node, connection)).map(({ id }) => id),
      canBeTested: connectors.get(name)?.test !== undefined,
    };
  });
  return {
    connections,
    connectors: [...connectors].map(([connector, { summary, capabilities }]) => ({
      connector,
      summary,
      reads: capabilities.read,
      writes: capabilities.write.length > 0,
    })),
  };
}

/** A connection that does not answer is an answer. @throws MR8147, MR8148 */
export async function testConnection(workspace: Workspace, connection: string): Promise<ConnectionTestAnswer> {
  const project = await workspace.projectWithErrors();
  const spec = project.config.connections?.[connection];
  if (spec === undefined)
    throw new MillraceError({
      code: "MR8147",
      message: `there is no connection ${JSON.stringify(connection)}`,
      ...hintOf(didYouMean(connection, Object.keys(project.config.connections ?? {}))),
    });
  const name = connectorOf(spec);
  const connector = connectorsOf(workspace, project).get(name);
  if (connector?.test === undefined) throw new MillraceError({ code: "MR8148", message: `${name} has nothing to try by itself` });
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1_000;
  try {
    const values = { env: process.env, secrets: workspace.secrets(), params: {} };
    const options = resolvePlaceholders(connectorSettings(spec), values, { onSecret: (secret) => workspace.useSecret(secret) });
    const detail = await withTimeout(workspace, connector, options);
    return { connection, connector: name, status: "reached", detail: workspace.redact(detail), seconds: seconds(), error: null };
  } catch (thrown) {
    const told = asMillraceError(thrown);
    const [first = told] = told.errors;
    const error = JSON.parse(workspace.redact(JSON.stringify(first.toJSON()))) as ConnectionTestAnswer["error"];
    return { connection, connector: name, status: "failed", detail: null, seconds: seconds(), error };
  }
}

async function withTimeout(workspace: Workspace, connector: AnyConnector, options: Readonly<Record<string, unknown>>): Promise<string> {
  const signal = AbortSignal.any([workspace.signal, AbortSignal.timeout(TEST_MS)]);
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () =>
      reject(new MillraceError({ code: "MR8141", message: `the other side has not answered for ${TEST_MS / 1_000} s`, retryable: true })),
    );
  });
  const warehouse = await workspace.warehouse();
  return warehouse.session(({ connection }) =>
    Promise.race([
      connector.test!(options, {
        connection,
        projectDir: workspace.dir,
        tempDir: workspace.tempDir(),
        since: undefined,
        signal,
        connections: {},
        log: () => {},
      }),
      late,
    ]),
  );
}

function connectorsOf(workspace: Workspace, project: Project): ReadonlyMap<string, AnyConnector> {
  const all = { ...(project.own.connectors as Readonly<Record<string, AnyConnector>>), ...workspace.parts.connectors };
  return new Map(Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function connectorOf(spec: Readonly<Record<string, unknown>>): string {
  return Object.keys(spec).find((key) => key !== "breaker") ?? "";
}

function hintOf(hint: string | undefined): { readonly hint?: string } {
  return hint === undefined ? {} : { hint };
}

function flat(settings: Readonly<Record<string, unknown>>, prefix = ""): readonly { readonly key: string; readonly value: string }[] {
  return Object.entries(settings).flatMap(([name, value]) => {
    const key = `${prefix}${name}`;
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return flat(value as Readonly<Record<string, unknown>>, `${key}.`);
    return [{ key, value: typeof value === "string" ? value : JSON.stringify(value) }];
  });
}

/** As in a code frame: literal values under names of secrets, and passwords in addresses, are not shown. */
function masked(key: string, value: string): string {
  const path = key.split(".");
  const lines = path.map((part, depth) => `${"  ".repeat(depth)}${part}:${depth === path.length - 1 ? ` ${JSON.stringify(value)}` : ""}`);
  const line = lines.at(-1)!;
  const spans = secretSpans(lines, lines.length - 1);
  const shown = spans.reduceRight((left, { start, end }) => `${left.slice(0, start)}${MASK}${left.slice(end)}`, line);
  if (shown === line) return value;
  const rest = shown.slice(shown.indexOf(": ") + 2);
  return rest.startsWith('"') ? rest.slice(1, -1) : rest;
}

function needsOf(workspace: Workspace, settings: unknown): ConnectionAnswer["needs"] {
  const found = new Map<string, ConnectionAnswer["needs"][number]>();
  for (const [, kind, name] of JSON.stringify(settings).matchAll(PLACEHOLDER)) {
    const isThere = process.env[name!] !== undefined || (kind === "secret" && workspace.secrets().has(name!));
    found.set(`${kind}:${name}`, { kind: kind as "secret" | "env", name: name!, isThere });
  }
  return [...found.values()];
}

/** Its definition names the connection anywhere. */
function uses(node: unknown, connection: string): boolean {
  if (typeof node !== "object" || node === null) return false;
  if (Array.isArray(node)) return node.some((each) => uses(each, connection));
  return Object.entries(node).some(
    ([key, value]) => (key === "connection" && value === connection) || (key !== "text" && key !== "sql" && uses(value, connection)),
  );
}
