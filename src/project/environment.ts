// Which environment a command works in: `--env NAME`, else the git branch that is checked out, read from .git without the git program.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { ProjectSpec } from "../model/definitions/project.ts";
import { MillraceError } from "../model/errors.ts";

const NAME_CHARACTERS_MAX = 40;
const HASH_CHARACTERS = 8;
/** The environment of a project that says nothing and lies in no git repository. */
const DEFAULT_ENVIRONMENT = "prod";

/** Lower case with `_` for all but letters and digits; a long one is cut and ends with a hash. A safe name stays as it is. Throws MR1080. */
export function safeEnvironmentName(name: string): string {
  const safe = name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "");
  if (safe === "") {
    // Names without a Latin letter or digit keep apart by their hash alone.
    if (!/[\p{L}\p{N}]/u.test(name))
      throw new MillraceError({ code: "MR1080", message: `${JSON.stringify(name)} cannot be the name of an environment` });
    return `env_${hashOf(name)}`;
  }
  if (safe.length <= NAME_CHARACTERS_MAX) return safe;
  return `${safe.slice(0, NAME_CHARACTERS_MAX - HASH_CHARACTERS - 1).replace(/_+$/, "")}_${hashOf(name)}`;
}

/** The branch that is checked out in the repository around `dir`; undefined without one, or on a detached head. */
export function gitBranch(dir: string): string | undefined {
  const git = gitFolder(resolve(dir));
  const head = git === undefined ? undefined : readSmall(join(git, "HEAD"));
  return head === undefined ? undefined : /^ref: refs\/heads\/(.+)$/m.exec(head)?.[1]?.trim();
}

/** All local branches of the repository around `dir`, from its files; none without one. */
export function gitBranches(dir: string): readonly string[] {
  const git = gitFolder(resolve(dir));
  if (git === undefined) return [];
  const shared = readSmall(join(git, "commondir"))?.trim(); // of a work tree
  const common = shared === undefined ? git : resolve(git, shared);
  const packed = [...(readSmall(join(common, "packed-refs")) ?? "").matchAll(/^[0-9a-f]+ refs\/heads\/(.+)$/gm)].map(([, name]) =>
    name!.trim(),
  );
  const current = gitBranch(dir); // one without a commit has no file
  return [...new Set([...(current === undefined ? [] : [current]), ...packed, ...filesBelow(join(common, "refs/heads"))])];
}

export interface Environment {
  readonly name: string;
  readonly kind: "serving" | "research" | "e2e";
  /** Why it is this one, for people. */
  readonly reason: string;
}

/** The environment of a command: `asked`, else the one whose `branches` name the git branch, else the branch's own. Throws MR1080. */
export function environmentOf(
  config: Pick<ProjectSpec, "environments">,
  options: { readonly asked?: string | undefined; readonly branch?: string | undefined },
): Environment {
  const environments = Object.entries(config.environments ?? {});
  const kindOf = (name: string): Environment["kind"] => {
    const own = environments.find(([key]) => key !== "*" && safeEnvironmentName(key) === name)?.[1];
    return (
      own?.kind ??
      (own === undefined && name !== DEFAULT_ENVIRONMENT ? config.environments?.["*"]?.kind : undefined) ??
      (name === DEFAULT_ENVIRONMENT ? "serving" : "research")
    );
  };
  const named = (name: string, reason: string): Environment => ({ name, kind: kindOf(name), reason });
  const { asked, branch } = options;
  if (asked !== undefined) return named(safeEnvironmentName(asked), "asked for");
  if (branch === undefined || environments.length === 0)
    return named(
      DEFAULT_ENVIRONMENT,
      environments.length === 0 ? "millrace.yaml names no environments: everything is prod" : "no git branch is checked out",
    );
  const owner = environments.find(([, spec]) => spec.branches?.includes(branch));
  if (owner !== undefined) return named(safeEnvironmentName(owner[0]), `the branch ${branch} belongs to it`);
  return named(safeEnvironmentName(branch), `the git branch ${branch}`);
}

function gitFolder(start: string): string | undefined {
  for (let dir = start; ; dir = dirname(dir)) {
    const git = join(dir, ".git");
    if (existsSync(git)) {
      if (statSync(git).isDirectory()) return git;
      // A work tree or submodule: a file that names the folder.
      const target = /^gitdir: (.+)$/m.exec(readSmall(git) ?? "")?.[1]?.trim();
      return target === undefined ? undefined : isAbsolute(target) ? target : resolve(dir, target);
    }
    if (dirname(dir) === dir) return undefined;
  }
}

function filesBelow(dir: string): readonly string[] {
  try {
    const entries = readdirSync(dir, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => relative(dir, join(entry.parentPath, entry.name)).split(sep).join("/"));
  } catch {
    return []; // all are packed
  }
}

function readSmall(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // unreadable is the same as no repository: the default environment is used
  }
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, HASH_CHARACTERS);
}
