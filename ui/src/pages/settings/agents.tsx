// What a program of an agent is told to reach this project: over standard input and output in its folder, or over HTTP here.
import type { ReactNode } from "react";
import { Panel } from "../../kit/panel.tsx";
import { Copy } from "../../kit/values.tsx";
import { Link } from "../../kit/link.tsx";
import { links } from "../../links.ts";

const inFolder = setUp({ command: "npx", args: ["millrace", "mcp"] });

export function Agents(): ReactNode {
  const here = setUp({ url: `${location.origin}/mcp`, headers: { Authorization: "Bearer TOKEN" } });
  return (
    <div className="stack settings-parts">
      <Panel title="In the project's folder" sub="an agent that is started there" padded>
        <Snippet text={inFolder} label="Copy the set-up for the folder" />
        <p className="second">
          It reads only. <code>millrace mcp --allow-write</code> lets it run and backfill; what it proposes over data, a person confirms.
        </p>
      </Panel>
      <Panel title="Over HTTP" sub={`${location.origin}/mcp, while this server runs`} padded>
        <Snippet text={here} label="Copy the set-up over HTTP" />
        <p className="second">
          TOKEN is one of{" "}
          <Link className="link" to={links.settings("tokens")}>
            Tokens
          </Link>
          : with read it looks, with operate it acts, too. Each call stands in{" "}
          <Link className="link" to={links.settings("audit")}>
            Audit
          </Link>
          .
        </p>
      </Panel>
    </div>
  );
}

function setUp(server: object): string {
  return JSON.stringify({ mcpServers: { millrace: server } }, null, 2);
}

function Snippet({ text, label }: { readonly text: string; readonly label: string }): ReactNode {
  return (
    <>
      <pre className="frame">{text}</pre>
      <p>
        <Copy text={text} label={label}>
          Copy
        </Copy>
      </p>
    </>
  );
}
