// The live connection in a worker that all pages of this browser share: one stream, however many tabs.
import { createLiveHub, type LiveWish } from "./live-hub.ts";

const hub = createLiveHub<MessagePort>((port, news) => port.postMessage(news));

(globalThis as unknown as { onconnect: (event: MessageEvent) => void }).onconnect = (event) => {
  const [port] = event.ports;
  if (port !== undefined) port.addEventListener("message", ({ data }: MessageEvent<LiveWish>) => hub.wish(port, data));
  port?.start();
};
