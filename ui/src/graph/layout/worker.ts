// The layout beside the page's thread: takes an input with its number, gives the picture with the same number.
import { layOut } from "./layout.ts";
import type { LayoutInput } from "./types.ts";

self.addEventListener("message", ({ data }: MessageEvent<{ readonly number: number; readonly input: LayoutInput }>) => {
  self.postMessage({ number: data.number, layout: layOut(data.input) });
});
