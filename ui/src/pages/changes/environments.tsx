// Environments: what each has of its own beside prod, brought to prod in one step and taken back, made and dropped.
import { useState, type ReactNode } from "react";
import type { ActAnswer, EnvironmentAnswer, PromotionAnswer } from "../../../../src/model/environment-answers.ts";
import { useAct } from "../../data/act.ts";
import { useRead } from "../../data/read.ts";
import { text, usePageSearch } from "../../data/search.ts";
import { Button } from "../../kit/button.tsx";
import { Confirm } from "../../kit/confirm.tsx";
import { DataTable, type Column } from "../../kit/data-table.tsx";
import { Page } from "../../kit/page.tsx";
import { Panel } from "../../kit/panel.tsx";
import { Empty, States } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { toast } from "../../kit/toast.tsx";
import { Copy, Count, Time } from "../../kit/values.tsx";

const PROD = "prod";
type Wish =
  | { readonly act: "promote"; readonly name: string; readonly dry: PromotionAnswer }
  | { readonly act: "drop"; readonly of: EnvironmentAnswer }
  | { readonly act: "rollback"; readonly of: ActAnswer };

export function Environments({ tabs }: { readonly tabs: ReactNode }): ReactNode {
  const [{ of }, setSearch] = usePageSearch({ of: text });
  const read = useRead("environments.list", {});
  const [wish, setWish] = useState<Wish | null>(null);
  const [name, setName] = useState("");
  const create = useAct("environments.create");
  const promote = useAct("environments.promote");
  const rollback = useAct("environments.rollback");
  const drop = useAct("environments.drop");
  const look = async (environment: string): Promise<void> => {
    try {
      setWish({ act: "promote", name: environment, dry: await promote.run({ name: environment, dryRun: true }) });
    } catch (error) {
      toast((error as Error).message, { look: "fail" });
    }
  };
  const confirm = async (why: string): Promise<void> => {
    const said = why === "" ? {} : { why };
    try {
      if (wish?.act === "promote")
        toast(`Promoted: ${(await promote.run({ name: wish.name, dryRun: false, ...said })).assets.length} assets`);
      else if (wish?.act === "rollback") toast(`Taken back: ${(await rollback.run({ of: wish.of.id, ...said })).assets.length} assets`);
      else if (wish?.act === "drop") toast(`${(await drop.run({ name: wish.of.environment })).environment} is dropped`);
      setWish(null);
    } catch {
      // The dialog tells it.
    }
  };
  const acting = wish?.act === "drop" ? drop : wish?.act === "rollback" ? rollback : promote;
  const columns = environmentColumns({
    here: read.data?.current.environment,
    diff: (environment) => setSearch({ of: environment }, "push"),
    promote: (environment) => void look(environment),
    drop: (environment) => setWish({ act: "drop", of: environment }),
  });
  return (
    <Page
      title="Environments"
      name="Environments"
      note={read.data === undefined ? undefined : `commands work in ${read.data.current.environment}: ${read.data.current.reason}`}
      actions={
        <form
          className="row"
          onSubmit={(event) => {
            event.preventDefault();
            create.run({ name }).then(
              () => setName(""),
              (error: unknown) => toast((error as Error).message, { look: "fail" }),
            );
          }}
        >
          <input
            className="input mono"
            aria-label="Name of a new environment"
            placeholder="dev"
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
          <Button type="submit" disabled={name.trim() === ""} busy={create.isPending}>
            Make
          </Button>
        </form>
      }
    >
      {tabs}
      <States read={read} lines={5}>
        {({ environments, promotions }) => (
          <div className="stack changes-parts">
            <Panel title="Environments" sub="each shows what prod shows, but for what it has of its own">
              <DataTable
                label="Environments"
                rows={environments}
                columns={columns}
                rowKey={({ environment }) => environment}
                onOpen={({ environment }) => environment !== PROD && setSearch({ of: environment }, "push")}
              />
            </Panel>
            {of === undefined ? null : <Diff name={of} onClose={() => setSearch({ of: undefined })} />}
            <Panel title="Promotions, rollbacks, drops">
              {promotions.length === 0 ? (
                <Empty title="Nothing was promoted yet">
                  <p>
                    <Copy text="millrace env promote dev" />
                  </p>
                </Empty>
              ) : (
                <DataTable
                  label="Promotions"
                  rows={promotions}
                  columns={promotionColumns((act) => setWish({ act: "rollback", of: act }))}
                  rowKey={({ id }) => id}
                  sortName="order"
                />
              )}
            </Panel>
          </div>
        )}
      </States>
      <Confirm
        open={wish !== null}
        title={
          wish === null
            ? ""
            : wish.act === "promote"
              ? `Promote ${wish.name} to ${wish.dry.to}`
              : wish.act === "drop"
                ? `Drop ${wish.of.environment}`
                : "Take a promotion back"
        }
        act={
          wish === null
            ? ""
            : wish.act === "promote"
              ? `Promote ${wish.dry.assets.length} assets`
              : wish.act === "drop"
                ? `Drop ${wish.of.own} assets`
                : `Take ${wish.of.assets} assets back`
        }
        {...(wish?.act === "drop" ? { type: wish.of.environment } : { reason: "wanted" })}
        busy={acting.isPending}
        error={acting.error}
        onConfirm={(why) => void confirm(why)}
        onClose={() => {
          setWish(null);
          acting.clear();
        }}
      >
        {wish?.act === "promote" ? (
          <>
            <p>In one transaction, readers of {wish.dry.to} see:</p>
            <ul className="plain mono">
              {wish.dry.assets.map(({ asset }) => (
                <li key={asset}>{asset}</li>
              ))}
            </ul>
            <p className="muted">It can be taken back.</p>
          </>
        ) : null}
        {wish?.act === "drop" ? <p>Its views go now, its tables after a grace time. What prod shows stays.</p> : null}
        {wish?.act === "rollback" ? <p>Readers see again what they saw before, in one transaction. Nothing is built.</p> : null}
      </Confirm>
    </Page>
  );
}

interface EnvironmentActs {
  readonly here: string | undefined;
  readonly diff: (environment: string) => void;
  readonly promote: (environment: string) => void;
  readonly drop: (environment: EnvironmentAnswer) => void;
}

function environmentColumns({ here, diff, promote, drop }: EnvironmentActs): readonly Column<EnvironmentAnswer>[] {
  return [
    {
      id: "environment",
      head: "Environment",
      by: ({ environment }) => environment,
      cell: ({ environment }) => (
        <>
          <span className="mono strong">{environment}</span> {environment === here ? <span className="tag run">here</span> : null}
        </>
      ),
    },
    {
      id: "branch",
      head: "Branch",
      cell: ({ branch }) => (branch === null ? <span className="muted">–</span> : <span className="mono">{branch}</span>),
      wide: true,
    },
    { id: "own", head: "Of its own", align: "right", by: ({ own }) => own, cell: ({ own }) => <Count of={own} one="asset" /> },
    { id: "used", head: "Used", by: ({ usedAt }) => usedAt, cell: ({ usedAt }) => <Time at={usedAt} ago />, wide: true },
    {
      id: "expires",
      head: "Dropped",
      by: ({ expiresAt }) => expiresAt,
      cell: ({ expiresAt }) => (expiresAt === null ? <span className="muted">–</span> : <Time at={expiresAt} ago />),
      wide: true,
    },
    {
      id: "acts",
      head: "Act",
      align: "right",
      cell: (row) =>
        row.environment === PROD ? null : (
          <span className="row acts">
            <Button small look="quiet" aria-label={`Compare ${row.environment} with prod`} onClick={() => diff(row.environment)}>
              Diff
            </Button>
            <Button small disabled={row.own === 0} aria-label={`Promote ${row.environment}`} onClick={() => promote(row.environment)}>
              Promote…
            </Button>
            <Button small look="quiet" aria-label={`Drop ${row.environment}`} onClick={() => drop(row)}>
              Drop…
            </Button>
          </span>
        ),
    },
  ];
}

function promotionColumns(back: (act: ActAnswer) => void): readonly Column<ActAnswer>[] {
  return [
    { id: "at", head: "When", by: ({ at }) => at, cell: ({ at }) => <Time at={at} /> },
    {
      id: "act",
      head: "What",
      cell: ({ act, environment }) => <StatusMark status={act === "promote" ? "current" : "pending"} word={`${act} ${environment}`} />,
    },
    { id: "assets", head: "Assets", align: "right", by: ({ assets }) => assets, cell: ({ assets }) => <Count of={assets} /> },
    { id: "by", head: "By", cell: ({ by }) => by, wide: true },
    { id: "why", head: "Why", cell: ({ why }) => why ?? <span className="muted">–</span>, grows: true, wide: true },
    {
      id: "back",
      head: "Act",
      align: "right",
      cell: (row) =>
        row.canBeTakenBack ? (
          <Button small onClick={() => back(row)}>
            Take back…
          </Button>
        ) : null,
    },
  ];
}

function Diff({ name, onClose }: { readonly name: string; readonly onClose: () => void }): ReactNode {
  const read = useRead("environments.diff", { name }, { fresh: true });
  return (
    <Panel
      title={`${name} beside prod`}
      actions={
        <Button small look="quiet" onClick={onClose}>
          Close
        </Button>
      }
    >
      <States
        read={read}
        isEmpty={({ assets }) => assets.length === 0}
        firstUse={<Empty title="It has nothing of its own: it shows what prod shows." />}
      >
        {({ assets, moved }) => (
          <>
            {moved.map(({ asset, reason }) => (
              <p key={asset} className="pad status warn">
                {asset}: {reason}
              </p>
            ))}
            <div className="table-box">
              <table aria-label={`Assets of ${name}`}>
                <thead>
                  <tr>
                    <th>Asset</th>
                    <th>Change</th>
                    <th className="num">Rows in prod</th>
                    <th className="num">Rows here</th>
                    <th>Columns</th>
                  </tr>
                </thead>
                <tbody>
                  {assets.map(({ asset, change, rows, columns }) => (
                    <tr key={asset}>
                      <td className="mono">{asset}</td>
                      <td>
                        <StatusMark status={change === "same" ? "pending" : change === "held" ? "waiting" : "running"} word={change} />
                      </td>
                      <td className="num">
                        <Count of={rows.from} />
                      </td>
                      <td className="num">
                        <Count of={rows.to} />
                      </td>
                      <td className="mono">
                        {[
                          ...columns.added.map((each) => `+${each}`),
                          ...columns.removed.map((each) => `−${each}`),
                          ...columns.changed.map((each) => `~${each}`),
                        ].join(" ")}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </>
        )}
      </States>
    </Panel>
  );
}
