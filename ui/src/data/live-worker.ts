// The live connection in a worker that all pages of this browser share: one stream, however many tabs.
import { createLiveHub, type LiveWish } from "./live-hub.ts";

const hub = createLiveHub<MessagePort>((port, news) => port.postMessage(news));

addEventListener("connect", (event) => {
  const [port] = (event as MessageEvent).ports;
  if (port !== undefined) port.addEventListener("message", ({ data }: MessageEvent<LiveWish>) => hub.wish(port, data));
  port?.start();
});
