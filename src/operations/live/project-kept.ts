// The project for reads that come again and again. Reading a large one costs more than all the rest of an answer: it is read once while its files are the same.
//   K1. While a file of it has an error, who says so in its answer may go on with what was read last without one: what is published.
import { asMillraceError, combineErrors, type MillraceError } from "../../model/errors.ts";
import type { Project } from "../../project/reader.ts";
import { lookAtProject, type ProjectLook } from "../serve/project-watch.ts";
import type { Workspace } from "../workspace.ts";

/** A definition may be made of files outside of the project's folders: it is read again after this, a large one less often. */
const HOLDS_MS_MIN = 10_000;
const HOLDS_PER_NODE_MS = 30;
/** Requests of one page come together; looking at thousands of files takes a small share of the time at most. */
const LOOK_HOLDS_MS_MIN = 200;
const LOOK_HOLDS_PER_TIME = 40;
const PROJECTS_MAX = 4;
/** No plan could be made: it is not tried again before. */
export const FAILED_HOLDS_MS = 10_000;

interface Kept {
  readonly project: Project;
  readonly files: string;
  readonly readMs: number;
}

const projects = new Map<string, Kept>();
const published = new Map<string, Project>();
const failed = new Map<string, { readonly files: string; readonly error: MillraceError; readonly atMs: number }>();
const looks = new Map<string, { readonly files: string; readonly untilMs: number }>();

export interface Place {
  /** Of the folder and the environment. */
  readonly key: string;
  /** What the project is made of: sizes and times of its files. */
  readonly files: string;
  /** With the project of these files; of the published ones where these have an error. */
  readonly workspace: Workspace;
  readonly isBroken: boolean;
}

/** What `serve` has read without an error. `look`: at the files, before they were read. */
export function publish(dir: string, { project, look }: { readonly project: Project; readonly look: ProjectLook }): void {
  put(published, dir, project);
  keep(dir, project, textOf(look));
}

/** @throws all errors of a project of which nothing is published */
export async function placeOf(workspace: Workspace): Promise<Place> {
  const files = filesOf(workspace.dir);
  const project = await projectOf(workspace, files);
  const { name } = await workspace.environment();
  const place = { key: keyOf(workspace, name), files };
  if (project.errors.length === 0) return { ...place, workspace, isBroken: false };
  const last = published.get(workspace.codeDir);
  if (last === undefined) throw combineErrors("MR1001", project.errors);
  const before = workspace.renewed(name); // K1
  before.takeProject(last);
  return { ...place, workspace: before, isBroken: true };
}

/** How the plan of a place went: undefined, or why there is none. */
export function notePlan({ key, files }: Place, thrown: unknown): void {
  if (thrown === undefined) failed.delete(key);
  else put(failed, key, { files, error: asMillraceError(thrown), atMs: performance.now() });
}

/** Why there is no plan of a place; undefined where one was not tried lately. */
export function whyUnplanned({ key, files }: Pick<Place, "key" | "files">): MillraceError | undefined {
  const known = failed.get(key);
  return known?.files === files && performance.now() - known.atMs < FAILED_HOLDS_MS ? known.error : undefined;
}

/** Is it files of the project that an error tells of? */
export function isOfFiles(error: MillraceError): boolean {
  return error.location !== undefined || error.errors.some(({ location }) => location !== undefined);
}

/** What a plan found wrong with files that could be read. */
export async function errorsOfPlan(workspace: Workspace): Promise<readonly MillraceError[]> {
  const { name } = await workspace.environment();
  const error = whyUnplanned({ key: keyOf(workspace, name), files: filesOf(workspace.dir) });
  if (error === undefined || !isOfFiles(error)) return [];
  return error.errors.length === 0 ? [error] : error.errors;
}

function keyOf({ dir }: Workspace, environment: string): string {
  return `${dir}\0${environment}`;
}

/** As far as it can be read; what is wrong is in its `errors`. */
export function projectKept(workspace: Workspace): Promise<Project> {
  return projectOf(workspace, filesOf(workspace.dir));
}

async function projectOf(workspace: Workspace, files: string): Promise<Project> {
  const { codeDir } = workspace;
  const known = projects.get(codeDir);
  if (known?.files === files && performance.now() - known.readMs < holdsMs(known)) {
    workspace.takeProject(known.project);
    return workspace.projectWithErrors();
  }
  projects.delete(codeDir);
  const project = await workspace.projectWithErrors();
  if (project.errors.length === 0) put(published, codeDir, project);
  keep(codeDir, project, files);
  return project;
}

function keep(dir: string, project: Project, files: string): void {
  if (project.places.length > 0) return; // what its places hold is asked each time
  put(projects, dir, { project, files, readMs: performance.now() });
}

function holdsMs({ project }: Kept): number {
  return Math.max(HOLDS_MS_MIN, project.nodes.length * HOLDS_PER_NODE_MS);
}

function put<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  for (const [oldest] of map) {
    if (map.size <= PROJECTS_MAX) break;
    map.delete(oldest);
  }
}

/** Files have changed: what was seen before counts no more. */
export function lookAgain(): void {
  looks.clear();
}

function filesOf(dir: string): string {
  const known = looks.get(dir);
  const beganMs = performance.now();
  if (known !== undefined && beganMs < known.untilMs) return known.files;
  const files = textOf(lookAtProject(dir));
  const endedMs = performance.now();
  put(looks, dir, { files, untilMs: endedMs + Math.max(LOOK_HOLDS_MS_MIN, (endedMs - beganMs) * LOOK_HOLDS_PER_TIME) });
  return files;
}

function textOf({ files }: ProjectLook): string {
  return [...files].map(([path, stamp]) => `${path} ${stamp}`).join("\n");
}
