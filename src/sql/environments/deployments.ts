// Which commit an environment was brought to last, and whether it still shows that commit's code.
import type { Session, Transaction } from "../session.ts";

export interface Deployment {
  readonly environment: string;
  readonly ref: string;
  readonly commit: string;
  readonly author: string;
  readonly committedAt: string;
  readonly by: string;
}

export interface DeploymentRow extends Deployment {
  readonly at: string;
  readonly isCurrent: boolean;
}

/** Of all that an environment has of its own, by the environment; what was exported is no part of it. */
const CODES = `select e.environment, md5(string_agg(e.asset || ' ' || v.code_hash, ',' order by e.asset)) as codes
  from _millrace.environments e join _millrace.versions v on v.asset = e.asset and v.version = e.version
  where v.kind <> 'share' group by all`;

export async function readDeployments(session: Session): Promise<ReadonlyMap<string, DeploymentRow>> {
  const rows = await session.rows<Omit<DeploymentRow, "committedAt" | "isCurrent"> & { committed_at: string; is_current: boolean }>(
    `select d.environment, d.ref, d.commit, d.author, d.committed_at, d."by", d."at", d.codes is not distinct from c.codes as is_current
       from _millrace.deployments d left join (${CODES}) c on c.environment = d.environment`,
  );
  return new Map(
    rows.map(({ committed_at: committedAt, is_current: isCurrent, ...row }) => [row.environment, { ...row, committedAt, isCurrent }]),
  );
}

/** The environment shows what this commit says. */
export async function noteDeployment(tx: Transaction, { environment, ref, commit, author, committedAt, by }: Deployment): Promise<void> {
  await tx.run("delete from _millrace.deployments where environment = $1", [environment]);
  await tx.run(
    `insert into _millrace.deployments select $1, $2, $3, $4, $5, $6, now(), (select codes from (${CODES}) where environment = $1)`,
    [environment, ref, commit, author, committedAt, by],
  );
}
