// What we need of a parsed page: elements, their text, and simple selectors (tag, #id, .class, [attribute=value], descendants). No recursion: pages may be deep.
import type { DefaultTreeAdapterMap } from "parse5";

export type Element = DefaultTreeAdapterMap["element"];
export type Node = DefaultTreeAdapterMap["node"];

const SILENT = new Set(["script", "style", "template", "noscript"]);
const BREAKS = new Set(["br", "p", "div", "li", "tr"]);

export function attributeOf(element: Element, name: string): string | undefined {
  return element.attrs.find((attribute) => attribute.name === name)?.value;
}

/** All elements below a node in the order of the page, without those that `enters` keeps closed. */
export function elementsOf(root: Node, enters: (element: Element) => boolean = () => true): readonly Element[] {
  const found: Element[] = [];
  const open: Node[] = childrenOf(root).toReversed();
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (!isElement(node)) continue;
    found.push(node);
    if (enters(node)) open.push(...childrenOf(node).toReversed());
  }
  return found;
}

/** The text as a reader sees it: runs of blanks are one, line breaks stay. */
export function visibleText(root: Element): string {
  let text = "";
  const open: (Node | string)[] = childrenOf(root).toReversed();
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (typeof node === "string") text += node;
    else if ("value" in node && node.nodeName === "#text") text += node.value.replaceAll(/[ \t\r\n\f]+/g, " ");
    else if (isElement(node) && !SILENT.has(node.tagName)) {
      if (BREAKS.has(node.tagName)) {
        if (text.trim() !== "") text += "\n";
        if (node.tagName !== "br") open.push("\n");
      }
      open.push(...childrenOf(node).toReversed());
    }
  }
  return text
    .replaceAll("\u00a0", " ")
    .replaceAll(/ *\n[ \n]*/g, "\n")
    .replaceAll(/ {2,}/g, " ")
    .trim();
}

/** A test for elements; null when the selector says more than we understand. */
export function selectorOf(selector: string): ((element: Element) => boolean) | null {
  const steps = selector.trim().split(/\s+/).map(stepOf);
  if (steps.some((step) => step === null)) return null;
  const [last, ...above] = (steps as ((element: Element) => boolean)[]).toReversed();
  return (element) => {
    if (last === undefined || !last(element)) return false;
    let parent = parentOf(element);
    for (const step of above) {
      while (parent !== null && !step(parent)) parent = parentOf(parent);
      if (parent === null) return false;
      parent = parentOf(parent);
    }
    return true;
  };
}

function stepOf(step: string): ((element: Element) => boolean) | null {
  const match = /^([a-zA-Z][\w-]*|\*)?((?:#[\w-]+|\.[\w-]+|\[[\w-]+(?:=(?:"[^"]*"|'[^']*'|[^\]"']*))?\])*)$/.exec(step);
  if (match === null || step === "") return null;
  const [, tag, rest = ""] = match;
  const tests: ((element: Element) => boolean)[] = [];
  if (tag !== undefined && tag !== "*") tests.push((element) => element.tagName === tag.toLowerCase());
  for (const [, id, name, attribute, value] of rest.matchAll(/#([\w-]+)|\.([\w-]+)|\[([\w-]+)(?:=("[^"]*"|'[^']*'|[^\]]*))?\]/g)) {
    if (id !== undefined) tests.push((element) => attributeOf(element, "id") === id);
    else if (name !== undefined) tests.push((element) => (attributeOf(element, "class") ?? "").split(/\s+/).includes(name));
    else if (attribute !== undefined) {
      const wanted = value?.replaceAll(/^["']|["']$/g, "");
      tests.push((element) => {
        const found = attributeOf(element, attribute);
        return wanted === undefined ? found !== undefined : found === wanted;
      });
    }
  }
  return (element) => tests.every((test) => test(element));
}

export function parentOf(element: Element): Element | null {
  const parent = element.parentNode;
  return parent !== null && isElement(parent) ? parent : null;
}

export function childrenOf(node: Node): readonly Node[] {
  return "childNodes" in node ? node.childNodes : [];
}

export function isElement(node: Node): node is Element {
  return "tagName" in node;
}
