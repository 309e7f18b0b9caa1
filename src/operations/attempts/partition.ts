// One attempt at one partition, or at several adjacent ones: what its interval is, what it is made of now, and whether it may still be built with the
// code that it was planned with.
import type { PartitionRequest } from "../../load/partition-port.ts";
import type { Attempt } from "../../model/attempt.ts";
import type { PartitionContext } from "../../model/definitions/partition.ts";
import { MillraceError } from "../../model/errors.ts";
import type { NodeId, ProjectNode } from "../../model/graph.ts";
import type { Parts, Space } from "../../plan/partitions/space.ts";
import { partsNamed } from "../../plan/partitions/space.ts";
import { type Input, keysOf, tokenOf } from "../../plan/partitions/tokens.ts";
import { readPartitionVersions } from "../../sql/ledger/partitions.ts";
import { readInputs } from "../../sql/ledger/publish.ts";
import type { Session } from "../../sql/session.ts";
import type { Warehouse } from "../../sql/warehouse.ts";
import type { Definitions } from "../plan/definitions.ts";
import { inputsOf, spacesOf } from "../partitions/facts.ts";
import { partitionPart, partitionRequest } from "../partitions/parts.ts";

/** Characters of a code hash that a plan carries. */
export const CODE_CHARACTERS = 16;

const spacesKnown = new WeakMap<Definitions, Promise<ReadonlyMap<NodeId, Space>>>();

/** Undefined for an attempt at a whole asset. @throws MR8208 when the code is another, MR8202. */
export async function attemptPartition(
  definitions: Definitions,
  node: ProjectNode,
  { attempt, warehouse }: { readonly attempt: Attempt; readonly warehouse: Warehouse | null },
): Promise<PartitionRequest | undefined> {
  if (attempt.code !== undefined && !node.codeHash.startsWith(attempt.code)) {
    throw new MillraceError({
      code: "MR8208",
      message: `${node.id}: its code is another than the one this backfill was planned with`,
      location: { file: node.file, line: 1, column: 1 },
    });
  }
  if (attempt.partition === undefined) return undefined;
  let known = spacesKnown.get(definitions);
  if (known === undefined) spacesKnown.set(definitions, (known = spacesOf(definitions.graph)));
  const spaces = await known;
  const space = spaces.get(node.id);
  if (space === undefined) throw new MillraceError({ code: "MR8210", message: `${node.id} has no partitions any more` });
  const named = partsNamed(space, attempt.partition);
  const inputs = inputsOf(definitions.graph, node, spaces);
  const parts =
    inputs.length === 0 || warehouse === null
      ? named.map((each) => partitionPart(space, each, {}))
      : await warehouse.session((session) => partsWithInputs(session, { space, named, inputs }));
  return partitionRequest(parts);
}

interface PartsRequest {
  readonly space: Space;
  readonly named: readonly Parts[];
  readonly inputs: readonly Input[];
}

/** The tokens of what each partition reads, as the planner computes them; only versions that are needed are read. */
async function partsWithInputs(session: Session, { space, named, inputs }: PartsRequest) {
  const wholes = await readInputs(
    session,
    inputs.map(({ asset }) => asset),
  );
  const keys = named.map((parts) => inputs.map((input) => keysOf(input, space, parts)));
  const versions: ReadonlyMap<string, string>[] = [];
  for (const [index, { asset }] of inputs.entries()) {
    const wanted = new Set(keys.flatMap((each) => each[index] ?? []));
    versions.push(wanted.size === 0 ? new Map() : await readPartitionVersions(session, asset, [...wanted]));
  }
  return named.map((parts, at) => {
    const tokens = inputs.map(({ asset }, index) => {
      const token = tokenOf(keys[at]![index]!, (key) => versions[index]!.get(key), wholes[asset] ?? "none");
      return [asset, token] as const;
    });
    return partitionPart(space, parts, Object.fromEntries(tokens));
  });
}

/** Where the interval of an attempt begins and ends, as connectors are told; null where no dimension is of time. */
export function spanOf({ parts }: PartitionRequest): { readonly start: Date; readonly end: Date } | null {
  const [first, last] = [parts[0]?.startMs ?? null, parts.at(-1)?.endMs ?? null];
  return first === null || last === null ? null : { start: new Date(first), end: new Date(last) };
}

/** The partition as functions of TypeScript see it. */
export function contextOf(request: PartitionRequest): PartitionContext {
  const span = spanOf(request);
  return { key: request.name, start: span?.start ?? null, end: span?.end ?? null, values: request.parts[0]?.values ?? {} };
}

/** What `${partition.…}` stands for: key, start, end, their days, and each dimension by its name. */
export function placeholdersOf(request: PartitionRequest): Readonly<Record<string, string>> {
  const span = spanOf(request);
  const times = request.parts.flatMap(({ bounds }) => bounds.filter((bound) => bound.kind === "time"));
  const plain = (moment: Date): string => moment.toISOString().replace(".000Z", "Z");
  return {
    ...request.parts[0]?.values,
    key: request.name,
    ...(span === null ? {} : { start: plain(span.start), end: plain(span.end) }),
    ...(span === null ? {} : { startDate: times[0]?.startDay ?? plain(span.start).slice(0, 10) }),
    ...(span === null ? {} : { endDate: times.at(-1)?.endDay ?? plain(span.end).slice(0, 10) }),
  };
}

/** An attempt that may be carried out with any code. */
export function withoutCode({ code: _code, ...attempt }: Attempt): Attempt {
  return attempt;
}
