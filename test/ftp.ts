// A real FTP server for a test file (pyftpdlib): user "user", password "pass"; with TLS when asked for.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ensurePython, freePort, startService, temporaryFolder, writeIn } from "./service.ts";

export interface TestFtp {
  readonly port: number;
  readonly files: string;
  /** PEM of the server's certificate. */
  readonly certificate: string;
  stop(): Promise<void>;
}

const PROGRAM = `
import sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.servers import FTPServer
port, files, tls, certificate = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
handler = TLS_FTPHandler if tls == "tls" else FTPHandler
if tls == "tls":
    handler.certfile = certificate
    handler.tls_control_required = True
    handler.tls_data_required = True
handler.authorizer = DummyAuthorizer()
handler.authorizer.add_user("user", "pass", files, perm="elradfmwMT")
FTPServer(("127.0.0.1", port), handler).serve_forever()
`;

/** Name and packages of its Python. */
export const FTP_SERVER = ["ftp", ["pyftpdlib<2.1", "pyopenssl"]] as const;

export async function startFtp(security: "plain" | "tls" = "plain"): Promise<TestFtp> {
  const bin = ensurePython(...FTP_SERVER);
  const folder = temporaryFolder("ftp");
  const files = join(folder, "files");
  mkdirSync(files);
  writeIn(folder, { "server.py": PROGRAM });
  const made = spawnSync(
    "sh",
    [
      "-c",
      "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout key.pem -out cert.pem 2>/dev/null && cat key.pem cert.pem > both.pem && cat cert.pem",
    ],
    { cwd: folder, encoding: "utf8" },
  );
  if (made.status !== 0) throw new Error(`openssl made no certificate: ${made.stderr}`);
  const port = await freePort();
  const service = await startService([join(bin, "python"), "server.py", String(port), files, security, join(folder, "both.pem")], {
    folder,
    port,
  });
  return { port, files, certificate: made.stdout, stop: service.stop };
}
