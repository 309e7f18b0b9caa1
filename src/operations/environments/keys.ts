// Under which of the ledger's keys a command finds an asset: to look at, whoever's it is; to change, only what is this environment's own.
import { ledgerAsset } from "../../model/environment.ts";
import { MillraceError } from "../../model/errors.ts";
import type { NodeId } from "../../model/graph.ts";
import { ownerOf } from "../../sql/ledger/publish.ts";
import type { Session } from "../../sql/session.ts";

/** Whose version the session sees. */
export function keySeen(session: Session, asset: NodeId): Promise<string> {
  return ownerOf(session, asset);
}

/** @throws MR8704 where the session sees what is prod's, or held for it. */
export async function keyToChange(session: Session, asset: NodeId): Promise<string> {
  const [seen, own] = [await ownerOf(session, asset), ledgerAsset(asset, session.environment)];
  if (seen === own) return own;
  throw new MillraceError({
    code: "MR8704",
    message: `${asset} is as in prod in the environment ${session.environment}`,
    hint: `act in prod with --env prod, or build it here: millrace run --full-refresh --select ${asset}`,
  });
}
