// The project as it was read last without an error. When its files change it is read again; a project that is broken then changes nothing, and that is told.
import type { Clock } from "../../engine/clock.ts";
import type { JobName } from "../../model/job-events.ts";
import type { Project } from "../../project/reader.ts";
import type { JobPolicy } from "../../trigger/policy.ts";
import type { Workspace } from "../workspace.ts";
import { lookAtProject, type ProjectLook, type ProjectWatch, watchProject } from "./project-watch.ts";

export interface ServedProject {
  readonly workspace: Workspace;
  readonly project: Project;
  readonly policies: ReadonlyMap<JobName, JobPolicy>;
  /** At its files, before they were read. */
  readonly look: ProjectLook;
}

export interface ProjectKeeper {
  current(): ServedProject;
  /** From now on files are watched. `take` is called with each project that was read without an error, one after the other. */
  watch(take: (project: ServedProject) => Promise<void>): void;
  close(): void;
}

export interface ProjectKeeperOptions {
  readonly workspace: Workspace;
  readonly clock: Clock;
  readonly onBroken: (error: unknown) => void;
  /** Called when files have been read again, whatever came of it. */
  readonly onRead?: (read: { readonly files: readonly string[]; readonly error?: unknown }) => void;
  readonly hushMs?: number;
}

/** @throws all errors of the project in one. */
export async function createProjectKeeper({ workspace, clock, onBroken, onRead, hushMs }: ProjectKeeperOptions): Promise<ProjectKeeper> {
  const since = lookAtProject(workspace.dir);
  let served = await serve(workspace, since);
  let watching: ProjectWatch | undefined;
  let reading: Promise<void> = Promise.resolve();
  const read = async (files: readonly string[], take: (project: ServedProject) => Promise<void>): Promise<void> => {
    try {
      served = await serve(workspace.renewed(), lookAtProject(workspace.dir));
      await take(served);
      onRead?.({ files });
    } catch (error) {
      onBroken(error);
      onRead?.({ files, error });
    }
  };
  return {
    current: () => served,
    watch(take) {
      watching = watchProject({
        dir: workspace.dir,
        clock,
        since,
        ...(hushMs === undefined ? {} : { hushMs }),
        onChange: (files) => {
          reading = reading.then(() => read(files, take));
        },
      });
    },
    close: () => watching?.close(),
  };
}

async function serve(workspace: Workspace, look: ProjectLook): Promise<ServedProject> {
  const project = await workspace.project();
  const { policiesOf } = await import("../triggers/policy.ts");
  return { workspace, project, look, policies: await policiesOf(project, (await workspace.environment()).name) };
}
