// Tokens of the API: made with a scope and an end, told once, taken back.
import { useState, type ReactNode } from "react";
import type { Scope, TokenAnswer, TokenCreatedAnswer } from "../../../../src/model/access.ts";
import { useAct } from "../../data/act.ts";
import { useRead } from "../../data/read.ts";
import { Button } from "../../kit/button.tsx";
import { Confirm } from "../../kit/confirm.tsx";
import { DataTable, type Column } from "../../kit/data-table.tsx";
import { Field } from "../../kit/field.tsx";
import { Panel } from "../../kit/panel.tsx";
import { Empty, States } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { Copy, Time } from "../../kit/values.tsx";

const SCOPE_WORDS: Readonly<Record<Scope, string>> = {
  read: "read: looks",
  operate: "operate: acts on runs and data, too",
  admin: "admin: gives others access and removes, too",
};

const scopes = Object.keys(SCOPE_WORDS) as Scope[];

export function Tokens(): ReactNode {
  const read = useRead("tokens.list", {});
  const create = useAct("tokens.create");
  const revoke = useAct("tokens.revoke");
  const [made, setMade] = useState<TokenCreatedAnswer | null>(null);
  const [going, setGoing] = useState<TokenAnswer | null>(null);
  const [wanted, setWanted] = useState<{ readonly name: string; readonly scope: Scope; readonly expires: string }>({
    name: "",
    scope: "read",
    expires: "90d",
  });
  const make = async (): Promise<void> => {
    await create.run(wanted).then(
      (answer) => {
        setMade(answer);
        setWanted({ ...wanted, name: "" });
      },
      () => undefined, // stands in the form
    );
  };
  return (
    <div className="stack settings-parts">
      <Panel title="A new token" padded>
        <form
          className="token-form"
          onSubmit={(event) => {
            event.preventDefault();
            void make();
          }}
        >
          <Field label="Name">
            {(id) => (
              <input
                id={id}
                className="input"
                value={wanted.name}
                placeholder="ci"
                onChange={(event) => setWanted({ ...wanted, name: event.target.value })}
              />
            )}
          </Field>
          <Field label="May">
            {(id) => (
              <select
                id={id}
                className="input"
                value={wanted.scope}
                onChange={(event) => setWanted({ ...wanted, scope: event.target.value as Scope })}
              >
                {scopes.map((scope) => (
                  <option key={scope} value={scope}>
                    {SCOPE_WORDS[scope]}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label="Lasts">
            {(id) => (
              <input
                id={id}
                className="input mono"
                value={wanted.expires}
                onChange={(event) => setWanted({ ...wanted, expires: event.target.value })}
              />
            )}
          </Field>
          <Button type="submit" look="primary" disabled={wanted.name.trim() === ""} busy={create.isPending}>
            Create
          </Button>
        </form>
        {create.error === null ? null : (
          <p role="alert" className="status fail">
            {create.error.message}
          </p>
        )}
        {made === null ? null : (
          <div className="stack token-made" role="status">
            <p>
              <strong>{made.name}</strong>: this is shown once, and only its hash is kept.
            </p>
            <Copy text={made.token} />
            <Copy text={`curl -H "Authorization: Bearer ${made.token}" ${location.origin}/api/v1/status`} label="Copy a request with it">
              a request with it
            </Copy>
          </div>
        )}
      </Panel>
      <Panel title="Tokens">
        <States
          read={read}
          isEmpty={({ tokens }) => tokens.length === 0}
          firstUse={
            <Empty title="No token was made yet">
              <p>This machine needs none to read; programs and other machines do.</p>
              <p>
                <Copy text="millrace token create ci --scope operate" />
              </p>
            </Empty>
          }
        >
          {({ tokens }) => <DataTable label="Tokens" rows={tokens} columns={tokenColumns(setGoing)} rowKey={({ id }) => id} />}
        </States>
      </Panel>
      <Confirm
        open={going !== null}
        title={`Revoke ${going?.name ?? ""}`}
        act="Revoke the token"
        busy={revoke.isPending}
        error={revoke.error}
        onConfirm={() =>
          void revoke.run({ token: going?.id ?? "" }).then(
            () => setGoing(null),
            () => undefined,
          )
        }
        onClose={() => {
          setGoing(null);
          revoke.clear();
        }}
      >
        Whoever uses it is refused from now on; streams that it opened end.
      </Confirm>
    </div>
  );
}

function tokenColumns(revoke: (token: TokenAnswer) => void): readonly Column<TokenAnswer>[] {
  return [
    { id: "name", head: "Name", by: ({ name }) => name, cell: ({ name }) => <strong>{name}</strong> },
    { id: "scope", head: "May", by: ({ scope }) => scope, cell: ({ scope }) => scope },
    {
      id: "status",
      head: "Status",
      by: ({ status }) => status,
      cell: ({ status }) => <StatusMark status={status === "live" ? "live" : "canceled"} word={status} />,
    },
    { id: "by", head: "Made by", cell: ({ by }) => by, wide: true },
    { id: "created", head: "Made", by: ({ createdAt }) => createdAt, cell: ({ createdAt }) => <Time at={createdAt} />, wide: true },
    { id: "used", head: "Used", by: ({ lastUsedAt }) => lastUsedAt, cell: ({ lastUsedAt }) => <Time at={lastUsedAt} ago />, wide: true },
    { id: "expires", head: "Ends", by: ({ expiresAt }) => expiresAt, cell: ({ expiresAt }) => <Time at={expiresAt} ago /> },
    {
      id: "acts",
      head: "Act",
      align: "right",
      cell: (token) =>
        token.status === "live" ? (
          <Button small aria-label={`Revoke ${token.name}`} onClick={() => revoke(token)}>
            Revoke…
          </Button>
        ) : null,
    },
  ];
}
