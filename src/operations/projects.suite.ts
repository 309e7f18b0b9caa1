// Whole projects in folders of their own for tests of operations: made of given files, opened as apps, closed and removed when the tests are done.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach } from "vitest";
import { type App, openApp } from "../app.ts";

type Files = Readonly<Record<string, string>>;

export interface TestProjects {
  /** Those that are open; closed after each test. */
  readonly apps: App[];
  /** The folder of a new project with these files. */
  project(files: Files): string;
  write(dir: string, files: Files): void;
  /** A process of its own, as far as the project goes. */
  open(dir: string, env?: string): Promise<App>;
}

/** `config`: the millrace.yaml of a project that brings none. */
export function testProjects(name: string, config: string): TestProjects {
  const dirs: string[] = [];
  const apps: App[] = [];
  const closeAll = async (): Promise<void> => {
    for (const app of apps.splice(0)) await app.close();
  };
  afterEach(closeAll);
  afterAll(() => {
    for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
  });
  const write = (dir: string, files: Files): void => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), text);
    }
  };
  return {
    apps,
    write,
    project(files) {
      const dir = mkdtempSync(join(tmpdir(), `millrace-${name}-`));
      dirs.push(dir);
      write(dir, { "millrace.yaml": config, ...files });
      return dir;
    },
    async open(dir, env) {
      await closeAll();
      const app = await openApp({ dir, ...(env === undefined ? {} : { env }) });
      apps.push(app);
      return app;
    },
  };
}
