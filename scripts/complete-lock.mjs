// Completes package-lock.json after `npm install`: a registry that lacks the builds of other platforms makes npm leave them out of the lock file, and
// `npm ci` then refuses it everywhere. Each left-out optional package is written back with the exact version that its parent names.
import { readFileSync, writeFileSync } from "node:fs";

const path = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(path, "utf8"));
const OS = ["android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "sunos", "aix", "openharmony", "win32"];
const CPU = ["arm64", "x64", "ia32", "ppc64", "riscv64", "s390x", "loong64", "mips64el", "wasm32", "arm"];
let added = 0;
for (const entry of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (lock.packages[key] !== undefined || !/^\d/.test(version)) continue;
    const words = name.split(/[/@-]/);
    const os = OS.find((each) => words.includes(each));
    const cpu = CPU.find((each) => words.includes(each));
    if (os === undefined && cpu !== "wasm32") continue;
    const libc = words.includes("musl") || words.includes("musleabihf") ? "musl" : os === "linux" ? "glibc" : undefined;
    lock.packages[key] = {
      version,
      ...(cpu === undefined ? {} : { cpu: [cpu] }),
      ...(entry.dev === true ? { dev: true } : {}),
      ...(libc === undefined ? {} : { libc: [libc] }),
      optional: true,
      ...(os === undefined ? {} : { os: [os] }),
    };
    added++;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} packages written back`);
