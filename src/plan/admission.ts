// What limits the nodes of a plan: their pools and connection, and the limits themselves as millrace.yaml gives them.
import type { ProjectSpec } from "../model/definitions/project.ts";
import type { NodeId, ProjectNode } from "../model/graph.ts";
import { BREAKER_DEFAULT, type BreakerSettings, type Limit, type Limits, parseRate } from "../model/limits.ts";
import type { PlanNode } from "../model/plan.ts";
import { durationMs } from "./policies.ts";

type AdmissionFields = Pick<PlanNode, "pools" | "priority" | "connection" | "queueTimeoutMs" | "silenceMs">;

/** Keys of connectors' options that say where the other side is. */
const ADDRESS_KEYS = ["url", "endpoint", "host", "server"] as const;

export function admissionFields(node: ProjectNode): AdmissionFields {
  const pools = { ...node.pools, ...(node.concurrency === undefined ? {} : { [assetPool(node.id)]: 1 }) };
  const [queueTimeoutMs, silenceMs] = [durationMs(node.queueTimeout), durationMs(node.silence)];
  const connection = connectionOf(node);
  return {
    ...(Object.keys(pools).length === 0 ? {} : { pools }),
    ...(node.priority === undefined ? {} : { priority: node.priority }),
    ...(connection === undefined ? {} : { connection }),
    ...(queueTimeoutMs === undefined ? {} : { queueTimeoutMs }),
    ...(silenceMs === undefined ? {} : { silenceMs }),
  };
}

/** The name of the connection that a node uses; for an address of its own the connector and its host; undefined where nothing is asked. */
export function connectionOf(node: ProjectNode): string | undefined {
  switch (node.kind) {
    case "source":
    case "export":
      return connectionIn(node.connector, node.options);
    case "task":
      return node.action.kind === "http" ? connectionIn("http", node.action.request) : undefined;
    case "extract":
    case "model":
    case "transform":
      return undefined;
    default:
      return node satisfies never;
  }
}

/** All limits of a project. */
export function limitsOf(config: ProjectSpec, nodes: Iterable<ProjectNode>): Limits {
  const pools: Record<string, Limit> = {};
  const everything = config.defaults?.concurrency;
  if (everything !== undefined) pools["*"] = { slots: everything };
  for (const { id, concurrency } of nodes) if (concurrency !== undefined) pools[assetPool(id)] = { slots: concurrency };
  for (const [name, { slots, rate: text, burst }] of Object.entries(config.pools ?? {})) {
    const rate = text === undefined ? undefined : parseRate(text);
    pools[name] = {
      ...(slots === undefined ? {} : { slots }),
      ...(rate === undefined ? {} : { rate: { ...rate, ...(burst === undefined ? {} : { burst }) } }),
    };
  }
  const breakers: Record<string, BreakerSettings | null> = {};
  for (const [name, { breaker }] of Object.entries(config.connections ?? {})) {
    if (breaker === undefined) continue;
    breakers[name] =
      breaker === false
        ? null
        : {
            failures: breaker.failures ?? BREAKER_DEFAULT.failures,
            pauseMs: durationMs(breaker.pause) ?? BREAKER_DEFAULT.pauseMs,
            maxPauseMs: Math.max(durationMs(breaker.maxPause) ?? BREAKER_DEFAULT.maxPauseMs, durationMs(breaker.pause) ?? 0),
          };
  }
  return { pools, breakers, shares: config.shares ?? {} };
}

/** The pool of an asset's own `concurrency`. */
function assetPool(id: NodeId): string {
  return `asset:${id}`;
}

function connectionIn(connector: string, options: unknown): string | undefined {
  if (typeof options !== "object" || options === null) return undefined;
  const given = options as Readonly<Record<string, unknown>>;
  if (typeof given["connection"] === "string") return given["connection"];
  for (const key of ADDRESS_KEYS) {
    const place = typeof given[key] === "string" ? placeOf(given[key]) : undefined;
    if (place !== undefined) return `${connector} ${place}`;
  }
  return undefined;
}

/** The host of an address, or the placeholder that stands for it; never anything that may be secret. */
function placeOf(address: string): string | undefined {
  const placeholder = /^\$\{(?:env|secret|param):[\w.-]+\}/.exec(address)?.[0];
  if (placeholder !== undefined) return placeholder;
  const host =
    /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#@]+)/i.exec(address)?.[1] ?? (/^[\w.-]+(:\d+)?$/.test(address) ? address : undefined);
  return host?.toLowerCase();
}
