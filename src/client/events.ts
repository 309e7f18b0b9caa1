// Reading server-sent events from a response, in Node or in a browser: what the API's live stream sends.

export interface ServerEvent {
  /** Its position: a stream that is opened with it goes on behind it. Null where the sender gave none. */
  readonly id: string | null;
  readonly event: string;
  readonly data: string;
}

/** An event that is longer than this is none of ours. */
const EVENT_CHARACTERS_MAX = 4_000_000;

/** The events of a stream until it ends. @throws what reading the body throws, RangeError when an event never ends */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + decoder.decode(value, { stream: true })).replaceAll("\r\n", "\n").split("\n\n");
      rest = blocks.pop()!;
      if (rest.length > EVENT_CHARACTERS_MAX) throw new RangeError("an event of the stream does not end");
      for (const block of blocks) {
        const event = eventOf(block);
        if (event !== null) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined); // the connection may be gone already
  }
}

/** Null for a comment, which is a sign of life. */
function eventOf(block: string): ServerEvent | null {
  let id: string | null = null;
  let event = "message";
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    if (at <= 0) continue;
    const value = line.slice(at + 1).replace(/^ /, "");
    const field = line.slice(0, at);
    if (field === "id") id = value;
    else if (field === "event") event = value;
    else if (field === "data") data.push(value);
  }
  return data.length === 0 ? null : { id, event, data: data.join("\n") };
}
