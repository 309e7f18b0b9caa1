// What a page reads: `const read = useRead("runs.show", { run })`. Kept while it is asked for again, asked for again when the server tells of a change (live.ts) or
// when the page was away.
import { keepPreviousData, QueryClient, useQuery } from "@tanstack/react-query";
import type { Api } from "../../../src/server/api.ts";
import { ApiError, askIn } from "./ask.ts";
import { useEnvironment } from "./environment.ts";
import { useTopic } from "./live.ts";

const AGAIN_LIMIT = 2;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      gcTime: 5 * 60_000,
      refetchOnWindowFocus: true,
      networkMode: "always",
      retry: (count, error) => count < AGAIN_LIMIT && (!(error instanceof ApiError) || error.status === 503),
      retryDelay: (count) => Math.min(5_000, 500 * 2 ** count),
    },
  },
});

function nothing(): void {}

export interface Read<Answer> {
  /** The answer, also the one before while it is asked for again. */
  readonly data: Answer | undefined;
  readonly error: Error | null;
  /** Nothing to show yet. */
  readonly isLoading: boolean;
  /** `data` is of before: of another input, or the last asking failed. */
  readonly isStale: boolean;
  /** When `data` was answered, in milliseconds since 1970. */
  readonly at: number;
  readonly retry: () => void;
}

export interface ReadOptions {
  /** Default: true. */
  readonly enabled?: boolean;
  /** Asked for again this often, for what the live connection does not tell of. */
  readonly everyMs?: number;
  /** The input's earlier answer is not shown while the next is asked for: another subject. */
  readonly fresh?: boolean;
}

function asking<Id extends keyof Api>(id: Id, input: Api[Id]["input"], environment: string | undefined) {
  return {
    queryKey: [id, input, environment ?? ""],
    queryFn: ({ signal }: { readonly signal: AbortSignal }): Promise<Api[Id]["answer"]> =>
      askIn(environment)<Id, true>(id, input, { signal }),
  };
}

/** Asks for what a page will read before the page is there; what comes of it is told there. */
export function readAhead<Id extends keyof Api>(id: Id, input: Api[Id]["input"], environment: string | undefined): void {
  void queryClient.prefetchQuery(asking(id, input, environment));
}

export function useRead<Id extends keyof Api>(id: Id, input: Api[Id]["input"], options: ReadOptions = {}): Read<Api[Id]["answer"]> {
  const [environment] = useEnvironment();
  useTopic(id.startsWith("runs.") && "run" in input && typeof input.run === "string" ? `run:${input.run}` : null, nothing);
  const query = useQuery<Api[Id]["answer"]>({
    ...asking(id, input, environment),
    ...(options.enabled === undefined ? {} : { enabled: options.enabled }),
    ...(options.everyMs === undefined ? {} : { refetchInterval: options.everyMs }),
    ...(options.fresh === true ? {} : { placeholderData: keepPreviousData }),
  });
  return {
    data: query.data,
    error: query.error,
    isLoading: query.isPending && query.fetchStatus !== "idle",
    isStale: query.isPlaceholderData || (query.data !== undefined && query.error !== null),
    at: query.dataUpdatedAt,
    retry: () => void query.refetch(),
  };
}
