// The files of this project as they were at a git ref, in a temporary folder; the git program is asked. What somebody wrote as a ref is only ever an
// argument behind a checked one: it cannot become an option, and nothing of the repository's settings is run.
import { randomBytes } from "node:crypto";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MillraceError } from "../../model/errors.ts";
import { git, gitFailed, OUTPUT_BYTES_MAX, type GitPlace as Place } from "../../platform/git.ts";
import { joinInside } from "../../platform/paths.ts";
import { CONFIG_FILE, PROJECT_FILE } from "../../project/find.ts";

export interface GitTree {
  readonly dir: string;
  readonly commit: string;
  /** Files of the project that differ from the commit that is checked out. */
  readonly uncommitted: number;
  remove(): Promise<void>;
}

const FILES_MAX = 100_000;
/** Larger ones are data, which no definition needs. */
const FILE_BYTES_MAX = 16_000_000;
const TREE_BYTES_MAX = 512_000_000;
const REF_CHARACTERS_MAX = 250;

/** Makes the folder below `tempDir`. @throws MR8805, MR8806, MR8807 */
export async function readGitTree(place: Place, ref: string, tempDir: string): Promise<GitTree> {
  refuseRef(ref);
  const shown = await git(place, ["rev-parse", "--show-prefix"]);
  if (shown.code !== 0 && /not a git repository/i.test(shown.stderr))
    throw new MillraceError({
      code: "MR8805",
      message: `there is no environment ${JSON.stringify(ref)}, and the project lies in no git repository that could have a ref of that name`,
      hint: "compare with an environment: --against prod",
    });
  if (shown.code !== 0) throw gitFailed(shown.stderr);
  const prefix = shown.stdout.toString().replace(/\n$/, "");
  const commit = await commitOf(place, ref);
  const tree = prefix === "" ? commit : `${commit}:${prefix.replace(/\/$/, "")}`;
  const entries = await entriesOf(place, tree, ref);
  if (!entries.some(({ path }) => path === PROJECT_FILE || path === CONFIG_FILE))
    throw new MillraceError({
      code: "MR8807",
      message: `${prefix === "" ? "the project" : prefix} has no ${PROJECT_FILE} at ${ref} (${commit.slice(0, 8)})`,
    });
  const dir = join(tempDir, `git-${randomBytes(4).toString("hex")}`);
  const remove = (): Promise<void> => rm(dir, { recursive: true, force: true });
  try {
    await mkdir(dir, { recursive: true });
    await writeEntries(place, entries, dir);
    return { dir, commit, uncommitted: await countUncommitted(place), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** @throws MR8806 */
export function refuseRef(ref: string): void {
  // oxlint-disable-next-line no-control-regex -- no ref has such characters
  const isOdd = ref === "" || ref.startsWith("-") || ref.length > REF_CHARACTERS_MAX || /[\u0000-\u0020\u007f:?*[\\]/.test(ref);
  if (isOdd)
    throw new MillraceError({
      code: "MR8806",
      message: `${JSON.stringify(ref.slice(0, REF_CHARACTERS_MAX))} cannot be the name of an environment or of a git ref`,
    });
}

async function commitOf(place: Place, ref: string): Promise<string> {
  const verify = async (name: string): Promise<string | null> => {
    const { code, stdout } = await git(place, ["rev-parse", "--verify", "--quiet", `${name}^{commit}`]);
    const commit = stdout.toString().trim();
    return code === 0 && /^[0-9a-f]{40,64}$/.test(commit) ? commit : null;
  };
  const found = await verify(ref);
  if (found !== null) return found;
  const isShallow = (await git(place, ["rev-parse", "--is-shallow-repository"])).stdout.toString().trim() === "true";
  const remote = await verify(`refs/remotes/origin/${ref}`);
  const hint =
    remote !== null
      ? `origin has it: --against origin/${ref}`
      : isShallow
        ? "this clone is shallow: `git fetch --unshallow` (or fetch-depth: 0 in CI) brings the rest of the history"
        : "`git branch -a` and `git tag` list what there is";
  throw new MillraceError({ code: "MR8806", message: `there is no environment and no git ref ${JSON.stringify(ref)} here`, hint });
}

interface Entry {
  readonly path: string;
  readonly hash: string;
  readonly isLink: boolean;
}

async function entriesOf(place: Place, tree: string, ref: string): Promise<readonly Entry[]> {
  const { code, stdout, stderr } = await git(place, ["ls-tree", "-r", "-z", "-l", "--full-tree", tree]);
  if (code !== 0) throw new MillraceError({ code: "MR8807", message: `the folder of this project is not there at ${ref}: ${stderr}` });
  let bytes = 0;
  const entries = stdout
    .toString()
    .split("\0")
    .flatMap((line): Entry[] => {
      const match = /^(\d+) (\w+) ([0-9a-f]+) +(\d+|-)\t([\s\S]+)$/.exec(line);
      if (match === null || match[2] !== "blob") return []; // a submodule is a project of its own
      const [, mode, , hash, size, path] = match;
      if (Number(size) > FILE_BYTES_MAX || path!.startsWith(".millrace/")) return [];
      bytes += Number(size);
      return [{ path: path!, hash: hash!, isLink: mode === "120000" }];
    });
  if (entries.length > FILES_MAX || bytes > TREE_BYTES_MAX)
    throw new MillraceError({
      code: "MR8807",
      message: `the folder of this project has ${entries.length} files of ${Math.round(bytes / 1e6)} MB at ${ref}: too many to compare with`,
      hint: `at most ${FILES_MAX} files and ${TREE_BYTES_MAX / 1e6} MB; data does not belong into the repository`,
    });
  return entries;
}

/** All files through one process. */
async function writeEntries(place: Place, entries: readonly Entry[], dir: string): Promise<void> {
  if (entries.length === 0) return;
  const input = `${entries.map(({ hash }) => hash).join("\n")}\n`;
  const { code, stdout, stderr } = await git(place, ["cat-file", "--batch"], { input, bytesMax: TREE_BYTES_MAX + OUTPUT_BYTES_MAX });
  if (code !== 0) throw gitFailed(stderr);
  let at = 0;
  const made = new Set<string>([dir]);
  for (const { path, isLink } of entries) {
    const end = stdout.indexOf(0x0a, at);
    const size = Number(/ blob (\d+)$/.exec(stdout.subarray(at, end).toString())?.[1]);
    if (!Number.isInteger(size)) throw gitFailed(`${path} could not be read; a partial clone lacks files of earlier commits`);
    const content = stdout.subarray(end + 1, end + 1 + size);
    at = end + 1 + size + 1;
    const file = joinInside(dir, path);
    if (!made.has(dirname(file))) await mkdir(dirname(file), { recursive: true });
    made.add(dirname(file));
    if (!isLink) await writeFile(file, content);
    else if (leadsInside(dir, path, content.toString())) await symlink(content.toString(), file);
  }
}

function leadsInside(dir: string, path: string, target: string): boolean {
  if (target.startsWith("/") || target.includes("\0")) return false;
  const way = join(dirname(path), target);
  return !way.startsWith("..") && !join(dir, way).includes("/.millrace/state");
}

async function countUncommitted(place: Place): Promise<number> {
  const { code, stdout } = await git(place, ["status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--", "."]);
  return code === 0
    ? stdout
        .toString()
        .split("\0")
        .filter((line) => line !== "").length
    : 0;
}
