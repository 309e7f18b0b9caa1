// Restate: its server as a child on free ports, the service in this process, called through the server's ingress.
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { mkdtempSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as restate from "@restatedev/restate-sdk";
import { measure } from "./measure.mjs";

const freePort = () =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
const [service, ingress, admin, node] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
const three = restate.service({
  name: "three",
  handlers: {
    run: async (context) => {
      for (let step = 0; step < 3; step++) await context.run(`step${step}`, () => null);
      return null;
    },
  },
});
await restate.serve({ services: [three], port: service });
const platform = `@restatedev/restate-server-${process.platform}-${process.arch}`;
const binary = join(dirname(createRequire(import.meta.url).resolve(`${platform}/package.json`)), "bin/restate-server");
const server = spawn(binary, [], {
  stdio: "ignore",
  cwd: mkdtempSync(join(tmpdir(), "restate-")),
  env: {
    ...process.env,
    RESTATE_BASE_DIR: mkdtempSync(join(tmpdir(), "restate-")),
    RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
    RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
    RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`,
    RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${node}/`,
  },
});
process.once("exit", () => server.kill());
process.once("SIGTERM", () => process.exit(1));

const post = async (url, body) => {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  await answer.arrayBuffer();
};
for (let tries = 0; ; tries++) {
  try {
    await post(`http://127.0.0.1:${admin}/deployments`, { uri: `http://127.0.0.1:${service}` });
    break;
  } catch (error) {
    if (tries > 100) throw error;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
await measure(() => post(`http://127.0.0.1:${ingress}/three/run`));
process.exit(0);
