// Where users' code is said to run: by the definition, else by the project; and what is told about settings that cannot be.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { readProject } from "./read.ts";
import type { Project } from "./reader.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function read(files: Readonly<Record<string, string>>): Promise<Project> {
  const dir = mkdtempSync(join(tmpdir(), "millrace-isolation-"));
  folders.push(dir);
  for (const [name, content] of Object.entries({ "millrace.yaml": "name: test\n", ...files })) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
  return readProject(dir);
}

const code = (isolation: string): string => `import { defineAsset, defineTask } from "millrace";
export const own = defineAsset({ name: "raw.own", ${isolation} *extract() {} });
export const made = defineAsset({ name: "clean.made", needs: ["raw.own"], *transform() {} });
export const task = defineTask({ name: "task", isolation: { thread: { cpu: "2s" } }, run: () => 1 });
`;

it("is what the definition says, else what the project says", async () => {
  const project = await read({
    "millrace.yaml": "defaults: { isolation: thread }\n",
    "pipelines/code.ts": code('isolation: { process: { memory: "512MB", env: ["TOKEN"] } },'),
    "jobs/j.yaml": "tasks:\n  a: { shell: 'true', isolation: { process: { memory: 1GB, cpu: 30s } } }\n  b: { shell: 'true' }\n",
  });
  expect(project.errors).toEqual([]);
  const thread = { kind: "thread", memoryBytes: null, cpuMs: null, env: [] };
  expect(Object.fromEntries(project.nodes.map((node) => [node.id, node.isolation]))).toEqual({
    "raw.own": { kind: "process", memoryBytes: 512e6, cpuMs: null, env: ["TOKEN"] },
    "clean.made": thread,
    "task:task": { ...thread, cpuMs: 2_000 },
  });
  expect(project.jobs[0]!.tasks.map((task) => task.isolation)).toEqual([
    { kind: "process", memoryBytes: 1e9, cpuMs: 30_000, env: [] },
    thread,
  ]);
});

it("changes nothing about what is built", async () => {
  const hash = async (isolation: string): Promise<string> =>
    (await read({ "jobs/j.yaml": `tasks: { a: { shell: "true", ${isolation} } }\n` })).jobs[0]!.tasks[0]!.codeHash;
  expect(await hash("isolation: process")).toBe(await hash("description: x"));
});

for (const [what, isolation, told] of [
  ["a word that is none", "container", /"container"/],
  ["memory that Node itself needs", "{ process: { memory: 10MB } }", /too little for Node itself/],
  ["a size that is none", "{ process: { memory: lots } }", /is no size/],
  ["both at once", "{ process: {}, thread: {} }", /names one kind with its limits/],
  ["a kind that is none", "{ proces: {} }", /unknown key "proces"/],
] as const)
  it(`tells ${what} at its place`, async () => {
    const { errors } = await read({ "jobs/j.yaml": `tasks:\n  a:\n    shell: "true"\n    isolation: ${isolation}\n` });
    expect(errors.map(({ location }) => location?.line)).toEqual(errors.map(() => 4));
    expect(errors[0]!.message).toMatch(told);
  });
