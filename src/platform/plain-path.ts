// DuckDB takes `*`, `?`, `[` and `{` in a path for a pattern. A file whose name has them is read through a link with a plain name.
import { randomUUID } from "node:crypto";
import { mkdir, symlink } from "node:fs/promises";
import { extname, join, resolve } from "node:path";

/** A path that DuckDB takes by its letters: the path itself, or a link in `tempDir` (which whoever made that folder removes). */
export async function plainPath(path: string, tempDir: string): Promise<string> {
  if (!/[*?[\]{}]/.test(path)) return path;
  await mkdir(tempDir, { recursive: true });
  const link = join(resolve(tempDir), `link-${randomUUID()}${extname(path).replaceAll(/[*?[\]{}]/g, "")}`);
  await symlink(resolve(path), link);
  return link;
}
