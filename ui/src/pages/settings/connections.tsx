// Connections of millrace.yaml: what they are, what they need, who uses them, and whether the other side answers now.
import { useState, type ReactNode } from "react";
import type { ConnectionAnswer, ConnectionTestAnswer } from "../../../../src/model/connection-answers.ts";
import { useAct } from "../../data/act.ts";
import { useRead } from "../../data/read.ts";
import { Button } from "../../kit/button.tsx";
import { Link } from "../../kit/link.tsx";
import { Panel } from "../../kit/panel.tsx";
import { Empty, States } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { Copy, spanWords } from "../../kit/values.tsx";
import { links } from "../../links.ts";

const USES_SHOWN = 6;

export function Connections(): ReactNode {
  const read = useRead("connections.list", {});
  return (
    <States
      read={read}
      isEmpty={({ connections }) => connections.length === 0}
      firstUse={
        <Panel>
          <Empty title="No connection is named in millrace.yaml">
            <p>This tries one, lists what is there, and writes a source for what you choose:</p>
            <p>
              <Copy text="millrace add postgres --connection county --set url=postgres://…" />
            </p>
          </Empty>
        </Panel>
      }
    >
      {({ connections, connectors }) => (
        <div className="stack settings-parts">
          {connections.map((connection) => (
            <One key={connection.connection} connection={connection} />
          ))}
          <Panel title="Another one" sub={`${connectors.length} connectors`} padded>
            <p>
              <Copy text="millrace add CONNECTOR --connection NAME --set url=…" />
            </p>
            <p className="mono muted">{connectors.map(({ connector }) => connector).join(", ")}</p>
          </Panel>
        </div>
      )}
    </States>
  );
}

function One({
  connection: { connection, connector, settings, needs, usedBy, canBeTested },
}: {
  readonly connection: ConnectionAnswer;
}): ReactNode {
  const test = useAct("connections.test");
  const [outcome, setOutcome] = useState<ConnectionTestAnswer | null>(null);
  const run = async (): Promise<void> => {
    setOutcome(null);
    await test.run({ connection }).then(setOutcome, () => undefined); // what the server refused stands below
  };
  return (
    <Panel
      title={<span className="mono">{connection}</span>}
      sub={connector}
      actions={
        canBeTested ? (
          <Button small busy={test.isPending} onClick={() => void run()} aria-label={`Test ${connection}`}>
            Test
          </Button>
        ) : (
          <span className="muted">tried by its sources</span>
        )
      }
      padded
    >
      <dl className="pairs">
        {settings.map(({ key, value }) => (
          <div key={key} className="pair">
            <dt className="mono">{key}</dt>
            <dd className="mono">{value}</dd>
          </div>
        ))}
        {needs.length === 0 ? null : (
          <div className="pair">
            <dt>Needs</dt>
            <dd className="row wrap">
              {needs.map(({ kind, name, isThere }) => (
                <StatusMark
                  key={`${kind} ${name}`}
                  status={isThere ? "current" : "failed"}
                  word={`${kind} ${name}${isThere ? "" : " is missing"}`}
                />
              ))}
            </dd>
          </div>
        )}
        <div className="pair">
          <dt>Used by</dt>
          <dd>
            {usedBy.length === 0 ? <span className="muted">nothing yet</span> : null}
            {usedBy.slice(0, USES_SHOWN).map((asset, index) => (
              <span key={asset}>
                {index === 0 ? "" : ", "}
                <Link to={links.asset(asset)} className="mono">
                  {asset}
                </Link>
              </span>
            ))}
            {usedBy.length > USES_SHOWN ? ` and ${usedBy.length - USES_SHOWN} more` : ""}
          </dd>
        </div>
      </dl>
      <div role="status">
        {test.isPending ? <StatusMark status="running" word="asks the other side" /> : null}
        {test.error === null ? null : <StatusMark status="failed" word={test.error.message} />}
        {outcome === null ? null : outcome.status === "reached" ? (
          <StatusMark status="current" word={`${outcome.detail ?? "it answers"} (${spanWords(outcome.seconds)})`} />
        ) : (
          <>
            <StatusMark status="failed" word={`${outcome.error?.code ?? ""} ${outcome.error?.message ?? "it does not answer"}`} />
            {outcome.error?.hint === undefined ? null : <p className="second">{outcome.error.hint}</p>}
          </>
        )}
      </div>
    </Panel>
  );
}
