// The live connection itself, for all pages that share it: one stream per environment with the topics of all of them; it resumes behind the last event it heard.
import { API_ROOT, apiPaths } from "../../../src/model/api-paths.ts";

/** What a page wants to hear; no topics: it goes. */
export interface LiveWish {
  readonly environment: string | null;
  readonly topics: readonly string[];
}

export type LiveNews =
  | { readonly kind: "state"; readonly isLive: boolean }
  /** The server is there and does not know who asks. */
  | { readonly kind: "refused" }
  | { readonly kind: "hello"; readonly version: string }
  | { readonly kind: "change"; readonly topic: string; readonly changed: unknown }
  /** What was missed cannot be told: everything is read again. */
  | { readonly kind: "reset" };

export interface LiveHub<Page> {
  readonly wish: (page: Page, wish: LiveWish) => void;
}

const GATHER_MS = 30;
const AGAIN_MS = 2_000;
const PATH = `${API_ROOT}${apiPaths["live.stream"].replace("GET ", "")}`;

interface Stream {
  source: EventSource | null;
  topics: string;
  lastId: string | null;
  isLive: boolean;
  version: string | null;
}

export function createLiveHub<Page>(tell: (page: Page, news: LiveNews) => void): LiveHub<Page> {
  const wishes = new Map<Page, LiveWish>();
  const streams = new Map<string | null, Stream>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const tellAll = (environment: string | null, news: LiveNews): void => {
    for (const [page, wish] of wishes)
      if (wish.environment === environment && (news.kind !== "change" || wish.topics.includes(news.topic))) tell(page, news);
  };
  const open = (environment: string | null, stream: Stream): void => {
    stream.source?.close();
    const query = new URLSearchParams({ topics: stream.topics });
    if (environment !== null) query.set("env", environment);
    if (stream.lastId !== null) query.set("after", stream.lastId);
    const source = new EventSource(`${PATH}?${query}`);
    stream.source = source;
    const live = (isLive: boolean): void => {
      if (stream.isLive === isLive && !isLive) return;
      stream.isLive = isLive;
      tellAll(environment, { kind: "state", isLive });
    };
    source.addEventListener("hello", (event: MessageEvent<string>) => {
      const { version } = JSON.parse(event.data) as { readonly version: string };
      stream.version = version;
      stream.lastId = event.lastEventId === "" ? stream.lastId : event.lastEventId;
      tellAll(environment, { kind: "hello", version });
      live(true);
    });
    source.addEventListener("reset", () => tellAll(environment, { kind: "reset" }));
    source.addEventListener("message", (event: MessageEvent<string>) => {
      stream.lastId = event.lastEventId === "" ? stream.lastId : event.lastEventId;
      const { topic, changed } = JSON.parse(event.data) as { readonly topic: string; readonly changed: unknown };
      tellAll(environment, { kind: "change", topic, changed });
    });
    source.addEventListener("error", () => {
      live(false);
      // The browser tries again by itself unless the server refused; then we do.
      if (source.readyState !== EventSource.CLOSED || stream.source !== source) return;
      void fetch(source.url, { method: "HEAD", credentials: "same-origin" }).then(
        ({ status }) => status === 401 && stream.source === source && tellAll(environment, { kind: "refused" }),
        () => {}, // it is away
      );
      setTimeout(() => {
        if (stream.source === source) open(environment, stream);
      }, AGAIN_MS);
    });
  };
  const gather = (): void => {
    const wanted = new Map<string | null, Set<string>>();
    for (const { environment, topics } of wishes.values()) {
      const set = wanted.get(environment) ?? new Set<string>();
      for (const topic of topics) set.add(topic);
      wanted.set(environment, set);
    }
    for (const [environment, stream] of streams)
      if (!wanted.has(environment)) {
        stream.source?.close();
        streams.delete(environment);
      }
    for (const [environment, set] of wanted) {
      const topics = [...set].toSorted((one, other) => one.localeCompare(other)).join(",");
      const stream = streams.get(environment) ?? { source: null, topics: "", lastId: null, isLive: false, version: null };
      streams.set(environment, stream);
      if (stream.topics === topics) continue;
      stream.topics = topics;
      open(environment, stream);
    }
  };
  return {
    wish(page, wish) {
      if (wish.topics.length === 0) wishes.delete(page);
      else wishes.set(page, wish);
      // Who comes to a stream that is open hears at once how it stands.
      const stream = streams.get(wish.environment);
      if (stream?.version != null) tell(page, { kind: "hello", version: stream.version });
      if (stream !== undefined) tell(page, { kind: "state", isLive: stream.isLive });
      clearTimeout(timer);
      timer = setTimeout(gather, GATHER_MS);
    },
  };
}
