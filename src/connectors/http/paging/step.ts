// One page to ask for, as it stands in a position: what differs from the source's own request. It is kept on disk, so it holds no secret of ours.
import type { Json } from "../../../load/connector.ts";
import type { HttpPlace } from "../../../model/definitions/http-pages.ts";
import { withValues } from "../bodies/paths.ts";
import type { HttpSettings } from "../settings.ts";
import type { Call } from "../wire/session.ts";
import { addressForms } from "../../../platform/secret-forms.ts";

export interface Step {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** By path in the body. */
  readonly values: Readonly<Record<string, string | number>>;
}

export function callOf({ url, headers, values }: Step, settings: HttpSettings): Call {
  return { url, method: settings.method, headers, body: withValues(settings.body, values) };
}

export function keyOf({ url, headers, values }: Step): string {
  return JSON.stringify([url.href, headers, values]);
}

/** The step with one more value in the place where the API wants it. */
export function stepWith(step: Step, place: HttpPlace | undefined, param: string, value: string | number): Step {
  switch (place ?? "query") {
    case "query": {
      const url = new URL(step.url);
      url.searchParams.set(param, String(value));
      return { ...step, url };
    }
    case "header":
      return { ...step, headers: { ...step.headers, [param.toLowerCase()]: String(value) } };
    case "body":
      return { ...step, values: { ...step.values, [param]: value } };
    default:
      return place as never;
  }
}

/** What stands there already: in the step, or in the user's own address or body. */
export function valueIn(step: Step, place: HttpPlace | undefined, param: string): string | number | null {
  switch (place ?? "query") {
    case "query":
      return step.url.searchParams.get(param);
    case "header":
      return step.headers[param.toLowerCase()] ?? null;
    case "body":
      return step.values[param] ?? null;
    default:
      return place as never;
  }
}

const MARK = /\{secret:(\d+)\}/g;

/** Secrets of the source's own, which a server may put into its next links, stand there as a number. */
export function toJson(step: Step, secrets: readonly string[]): Json {
  const hide = (text: string): string =>
    secrets.reduce(
      (hidden, secret, index) => addressForms(secret).reduce((rest, form) => rest.replaceAll(form, `{secret:${index}}`), hidden),
      text,
    );
  return {
    url: hide(step.url.href),
    headers: mapValues(step.headers, hide),
    values: mapValues(step.values, (value) => (typeof value === "string" ? hide(value) : value)),
  };
}

export function fromJson(json: Json, secrets: readonly string[]): Step {
  const { url, headers, values } = json as { url: string; headers: Record<string, string>; values: Record<string, string | number> };
  const shown = (text: string, encode: (secret: string) => string): string =>
    text.replaceAll(MARK, (_mark, index: string) => encode(secrets[Number(index)] ?? ""));
  return {
    url: new URL(shown(url, encodeURIComponent)),
    headers: mapValues(headers, (value) => shown(value, String)),
    values: mapValues(values, (value) => (typeof value === "string" ? shown(value, String) : value)),
  };
}

function mapValues<From, To>(record: Readonly<Record<string, From>>, change: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
