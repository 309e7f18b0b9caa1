// Making elements. Text is always a text node: nothing that users or their data wrote is ever read as HTML.
export type Child = Node | string | null;

const SVG = "http://www.w3.org/2000/svg";

export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

export function svg(name: string, attributes: Readonly<Record<string, string | number>> = {}, ...children: readonly Child[]): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children.filter((child) => child !== null));
  return made;
}

export function assetLink(id: string, column?: string): string {
  return `#/a/${encodeURIComponent(id)}${column === undefined ? "" : `/${encodeURIComponent(column)}`}`;
}

export function number(value: number): string {
  return value.toLocaleString("en-US");
}

/** `2026-01-02 03:04`, in UTC as everything that is kept. */
export function moment(iso: string): string {
  return iso.slice(0, 16).replace("T", " ");
}

/** A status as shape, colour and word. */
export function badge(status: string): HTMLElement {
  return element("span", { class: `badge ${status}` }, status);
}
