// Everything a source gives, page by page: a plain list, a resource below its parents, or an export that is waited for.
import type { Json } from "../../load/connector.ts";
import type { Page } from "./paging/pages.ts";
import { exportPages, homeOf } from "./resources/exports.ts";
import { resourcePages } from "./resources/parents.ts";
import { type Merged, settingsOf } from "./settings.ts";
import { openSession, type SessionContext } from "./wire/session.ts";

export interface Reading {
  readonly since?: unknown;
  /** What the last load committed. */
  readonly committed?: Json | undefined;
  /** Behind the last page of an interrupted read. */
  readonly resume?: Json | undefined;
}

/** @throws MillraceError with a code of 35xx; the signal's reason when aborted. */
export async function* pagesOf(merged: Merged, context: SessionContext, reading: Reading = {}): AsyncGenerator<Page> {
  const { since, committed, resume } = reading;
  const url = merged.url ?? merged.export?.create.url;
  const whole = { ...merged, ...(url === undefined ? {} : { url }) };
  // The session's own settings name the host that gets credentials; placeholders in the rest of the address do not matter there.
  const home =
    merged.parent === undefined && merged.export === undefined
      ? settingsOf(whole, since)
      : { ...settingsOf(plain(whole)), url: homeOf(whole) };
  const session = openSession(home, context);
  try {
    if (merged.export !== undefined) yield* exportPages({ merged: whole, spec: merged.export, session, context, since, resume });
    else yield* resourcePages({ merged: whole, session, context, since, committed, resume });
  } finally {
    session.close();
  }
}

/** Without what only single requests know. */
function plain({ body: _body, params: _params, since: _since, ...merged }: Merged): Merged {
  return { ...merged, url: (merged.url ?? "").replaceAll(/\{[^{}]*\}/g, "x") };
}
