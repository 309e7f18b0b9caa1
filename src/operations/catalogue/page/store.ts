// The data of the catalogue: scripts that call `millraceData`, loaded when they are first needed. A page that was opened as a file may load nothing else.
import type { CatalogueColumns, CatalogueIndex, PageAsset } from "../data.ts";

declare global {
  interface Window {
    millraceData?: (name: string, data: unknown) => void;
  }
}

const arrived = new Map<string, unknown>();
const waiting = new Map<string, (data: unknown) => void>();
const asked = new Map<string, Promise<unknown>>();

window.millraceData = (name, data) => {
  arrived.set(name, data);
  waiting.get(name)?.(data);
};

function load(name: string): Promise<unknown> {
  const known = asked.get(name);
  if (known !== undefined) return known;
  const loading = new Promise((resolve, reject) => {
    if (arrived.has(name)) return resolve(arrived.get(name));
    waiting.set(name, resolve);
    // The index stands in the page itself.
    if (name === "index") return;
    const script = document.createElement("script");
    script.src = `data/${name}.js`;
    script.addEventListener("error", () => {
      asked.delete(name);
      reject(new Error(`data/${name}.js cannot be read`));
    });
    script.addEventListener("load", () => script.remove());
    document.head.append(script);
  });
  asked.set(name, loading);
  return loading;
}

export const loadIndex = (): Promise<CatalogueIndex> => load("index") as Promise<CatalogueIndex>;
export const loadColumns = (): Promise<CatalogueColumns> => load("columns") as Promise<CatalogueColumns>;
export const loadAsset = (place: number): Promise<PageAsset> => load(`assets/${place}`) as Promise<PageAsset>;
