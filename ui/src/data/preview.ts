// What an act would do, asked while a person still thinks: `const preview = usePreview("backfills.preview", input, { enabled })`. Nothing is changed by it, so nothing else is
// asked again; an answer is only shown for exactly its input.
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { Api } from "../../../src/server/api.ts";
import { ApiError, askIn } from "./ask.ts";
import { useEnvironment } from "./environment.ts";
import type { Read } from "./read.ts";

/** While someone types, nothing is asked. */
const QUIET_MS = 250;

export function usePreview<Id extends "backfills.preview" | "quarantine.preview">(
  id: Id,
  input: Api[Id]["input"],
  { enabled }: { readonly enabled: boolean },
): Read<Api[Id]["answer"]> {
  const [environment] = useEnvironment();
  const calm = useCalm(JSON.stringify(input));
  const isCalm = calm === JSON.stringify(input);
  const query = useQuery<Api[Id]["answer"]>({
    queryKey: ["preview", id, calm, environment ?? ""],
    queryFn: ({ signal }) => askIn(environment)<Id, true>(id, JSON.parse(calm) as Api[Id]["input"], { signal }),
    enabled: enabled && isCalm,
    staleTime: 10_000,
    gcTime: 10_000,
    refetchOnWindowFocus: false,
    retry: (count, error) => count < 2 && error instanceof ApiError && error.status === 503,
  });
  return {
    data: isCalm ? query.data : undefined,
    error: isCalm ? query.error : null,
    isLoading: enabled && (!isCalm || query.isPending),
    isStale: false,
    at: query.dataUpdatedAt,
    retry: () => void query.refetch(),
  };
}

function useCalm(text: string): string {
  const [calm, setCalm] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setCalm(text), QUIET_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return calm;
}
