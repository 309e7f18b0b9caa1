// What proves to a server who asks: put on each request that goes to a trusted host, just before it is sent.
import type { Rate } from "../../../model/limits.ts";
import type { SharedState } from "../shared/state.ts";
import type { Answer, HttpMethod } from "../wire/exchange.ts";

/** A request as it will be sent. */
export interface Outgoing {
  readonly url: URL;
  readonly method: HttpMethod;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

export interface Credential {
  /** Of several credentials each has a budget of its own. */
  readonly budget?: { readonly name: string; readonly rate: Rate | undefined };
  apply(request: Outgoing): Outgoing | Promise<Outgoing>;
  /** The server refused this request: get something fresh, unless that has happened since. Absent: there is nothing fresh to get. */
  renew?(refused: Outgoing): void;
}

/** What credentials need that ask servers themselves. */
export interface CredentialTools {
  /** One request without credentials, with the time-outs and retries of the source. @throws for anything but 2xx. */
  send(request: Outgoing): Promise<Answer>;
  resolve(address: string): URL;
  shared(): Promise<SharedState>;
  /** A text that must not be shown from now on. */
  hide(secret: string): void;
  readonly signal: AbortSignal;
}

export function withHeader(request: Outgoing, name: string, value: string): Outgoing {
  return { ...request, headers: { ...request.headers, [name.toLowerCase()]: value } };
}

export function withParam(request: Outgoing, name: string, value: string): Outgoing {
  const url = new URL(request.url);
  url.searchParams.set(name, value);
  return { ...request, url };
}

/** Fields as a form. */
export function formOf(fields: Readonly<Record<string, unknown>>): string {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null);
  const form = new URLSearchParams();
  for (const [name, value] of given) form.append(name, typeof value === "string" ? value : JSON.stringify(value));
  return form.toString();
}

/** "Bearer " in Authorization, nothing elsewhere. */
export function prefixOf(header: string | undefined, prefix: string | undefined): string {
  return prefix ?? (header === undefined || header.toLowerCase() === "authorization" ? "Bearer " : "");
}
