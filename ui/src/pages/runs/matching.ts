// All runs that match the filters, page by page, to act on them together: more than a list shows, and no more than a person can mean.
import { useState } from "react";
import type { RunAnswer } from "../../../../src/model/answers.ts";
import type { Api } from "../../../../src/server/api.ts";
import { askIn } from "../../data/ask.ts";
import { useEnvironment } from "../../data/environment.ts";
import { toast } from "../../kit/toast.tsx";

const PAGE_RUNS = 1_000;
const MATCHING_MAX = 5_000;

export interface Matching {
  readonly runs: readonly RunAnswer[];
  readonly isLoading: boolean;
  /** Says itself what went wrong, and that there are more than are taken. */
  readonly load: () => Promise<readonly RunAnswer[]>;
}

export function useMatching(wanted: Api["runs.list"]["input"], fits: (run: RunAnswer) => boolean): Matching {
  const [environment] = useEnvironment();
  const [runs, setRuns] = useState<readonly RunAnswer[]>([]);
  const [isLoading, setLoading] = useState(false);
  const load = async (): Promise<readonly RunAnswer[]> => {
    setLoading(true);
    const found: RunAnswer[] = [];
    try {
      for (let cursor: string | null | undefined; cursor !== null && found.length < MATCHING_MAX;) {
        const page = await askIn(environment)("runs.list", { ...wanted, limit: PAGE_RUNS, ...(cursor === undefined ? {} : { cursor }) });
        found.push(...page.runs.filter(fits));
        cursor = page.next;
      }
      if (found.length >= MATCHING_MAX) toast(`The newest ${found.length.toLocaleString("en-US")} are selected; there are more`);
    } catch (error) {
      toast((error as Error).message, { look: "fail" });
    } finally {
      setLoading(false);
    }
    setRuns(found);
    return found;
  };
  return { runs, isLoading, load };
}
