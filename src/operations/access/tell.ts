// `millrace token` and `millrace audit`: operations on the tables of access, whether an engine is running or not.
import type { AuditAnswer, PageLinkAnswer, TokenAnswer, TokenCreatedAnswer, TokensAnswer } from "../../model/access.ts";
import { MillraceError, messageOf } from "../../model/errors.ts";
import { runningEngine } from "../serve/engine-file.ts";
import type { Workspace } from "../workspace.ts";
import { type AuditRequest, listAudit } from "./audit.ts";
import { createToken, listTokens, revokeToken, type TokenRequest } from "./tokens.ts";

export async function tokenCreate(workspace: Workspace, request: TokenRequest): Promise<TokenCreatedAnswer> {
  return createToken((await workspace.store()).tables, request, await workspace.now());
}

export async function tokenList(workspace: Workspace): Promise<TokensAnswer> {
  return listTokens((await workspace.store()).tables, await workspace.now());
}

export async function tokenRevoke(workspace: Workspace, token: string): Promise<TokenAnswer> {
  return revokeToken((await workspace.store()).tables, token, await workspace.now());
}

export async function auditList(workspace: Workspace, request: AuditRequest): Promise<AuditAnswer> {
  return listAudit((await workspace.store()).tables, request);
}

/** A link to the page of the running engine. @throws MR8120 when none runs here */
export async function pageLink(workspace: Workspace): Promise<PageLinkAnswer> {
  const engine = runningEngine(workspace.dir);
  if (engine === undefined)
    throw new MillraceError({ code: "MR8120", message: "no engine of this project is running", hint: "millrace serve" });
  const gone = (cause: unknown): MillraceError =>
    new MillraceError({ code: "MR8106", message: `the engine, process ${engine.pid}, does not answer: ${messageOf(cause)}`, cause });
  const answer = await fetch(`${engine.url}/api/v1/session/link`, {
    method: "POST",
    headers: { authorization: `Bearer ${engine.token}`, "content-type": "application/json" },
    body: "{}",
    signal: workspace.signal,
  }).catch((error: unknown) => {
    throw workspace.signal.aborted ? workspace.signal.reason : gone(error);
  });
  if (answer.status !== 200) throw gone(`it answered ${answer.status}`);
  const { link, expiresAt } = (await answer.json()) as PageLinkAnswer;
  return { link, expiresAt };
}
