// What changed in the project's definitions, against what readers of an environment see or against a git ref, and who reads what changed.
import type { ChangesAnswer } from "../../model/change-answers.ts";
import type { NodeId } from "../../model/graph.ts";
import { compareProjects } from "../../plan/changes/changes.ts";
import { noPlaces, type Places } from "../../plan/changes/snapshot.ts";
import { touchedBy } from "../../plan/changes/touched.ts";
import { readLive } from "../../sql/ledger/publish.ts";
import type { Workspace } from "../workspace.ts";
import { type Before, withBefore } from "./against.ts";
import type { Definitions } from "./definitions.ts";
import { withoutSecrets } from "./safe.ts";
import { placesOf, snapshotOf } from "./snapshot.ts";

export interface ChangesRequest {
  readonly definitions: Definitions;
  readonly environment: string;
  readonly against?: string | undefined;
  /** Only these are told; undefined: all, those that are gone included. */
  readonly selected?: ReadonlySet<NodeId> | undefined;
}

/** @throws MR8805, MR8806, MR8807 */
export async function changesOf(workspace: Workspace, request: ChangesRequest): Promise<ChangesAnswer> {
  const { definitions, environment, against, selected } = request;
  const project = await workspace.project();
  const warehouse = await workspace.warehouse();
  const live = await warehouse.session((session) => readLive(session));
  const now = snapshotOf(project, definitions);
  return withBefore(workspace, { against, environment, definitions, now, live }, async (before) => {
    const rough = compareProjects({ before: before.snapshot, after: now, places: noPlaces, placesBefore: noPlaces });
    const looked = new Set([...rough.affected.keys(), ...rough.assets.map(({ asset }) => asset)]);
    const places = await warehouse.session((session) => placesOf(session, { project, snapshot: now, assets: looked }));
    const input = { before: before.snapshot, after: now, places, placesBefore: await placesThere(workspace, before, looked) };
    const { assets: all, affected } = looked.size === 0 ? rough : compareProjects(input);
    const own = selected === undefined ? all : all.filter(({ asset }) => selected.has(asset));
    const told = own.map((change) => withoutSecrets(change, (text) => workspace.redact(text)));
    const touched = touchedBy(input, { assets: told, affected });
    return { against: before.against, assets: told, touched, notes: notesOf(before, selected) };
  });
}

/** Of what the ledger keeps only the SQL is there; where its settings stood is not known any more. */
async function placesThere(workspace: Workspace, { project, snapshot }: Before, assets: ReadonlySet<NodeId>): Promise<Places> {
  const warehouse = await workspace.warehouse();
  if (assets.size === 0) return noPlaces;
  const known = project ?? (await workspace.project());
  return warehouse.session((session) => placesOf(session, { project: known, snapshot, assets }));
}

function notesOf({ unknown, against }: Before, selected: ReadonlySet<NodeId> | undefined): readonly string[] {
  const own = selected === undefined ? unknown : unknown.filter((id) => selected.has(id));
  const notes =
    own.length === 0
      ? []
      : [`what ${own.join(", ")} ${own.length === 1 ? "was" : "were"} made of was not kept: only their columns can be compared`];
  if (against.kind === "git" && against.uncommitted > 0)
    notes.push(`${against.uncommitted} files differ from what is committed here; they are part of the comparison`);
  return notes;
}
