// Runs behind those of the first page, read on from cursor to cursor as they are asked for; another filter begins anew.
import { useMemo, useState } from "react";
import type { RunAnswer } from "../../../../src/model/answers.ts";
import type { Api } from "../../../../src/server/api.ts";
import { askIn } from "../../data/ask.ts";
import { useEnvironment } from "../../data/environment.ts";
import { toast } from "../../kit/toast.tsx";

interface Pages {
  readonly of: string;
  readonly runs: readonly RunAnswer[];
  readonly next: string | null;
}

export interface Older {
  readonly runs: readonly RunAnswer[];
  /** Null: there are no more. */
  readonly next: string | null;
  readonly isLoading: boolean;
  readonly load: () => void;
}

const NONE: readonly RunAnswer[] = [];

interface FirstPage {
  readonly runs: readonly RunAnswer[];
  readonly next?: string | null;
}

export function useOlder(wanted: Api["runs.list"]["input"], first: FirstPage | undefined): Older {
  const [environment] = useEnvironment();
  const [pages, setPages] = useState<Pages | null>(null);
  const [isLoading, setLoading] = useState(false);
  const of = `${environment ?? ""} ${JSON.stringify(wanted)}`;
  const known = pages?.of === of ? pages : null;
  const next = known === null ? (first?.next ?? null) : known.next;
  const newest = first?.runs ?? NONE;
  const load = (): void => {
    if (next === null || isLoading) return;
    setLoading(true);
    askIn(environment)("runs.list", { ...wanted, cursor: next })
      .then((answer) => setPages({ of, runs: [...(known?.runs ?? newest), ...answer.runs], next: answer.next ?? null }))
      .catch((error: Error) => toast(error.message, { look: "fail" }))
      .finally(() => setLoading(false));
  };
  // The first page moves while runs begin; what has left it since is still among those that were read before.
  const runs = useMemo(() => {
    const ids = new Set(newest.map(({ run }) => run));
    return (known?.runs ?? NONE).filter(({ run }) => !ids.has(run));
  }, [newest, known]);
  return { runs, next, isLoading, load };
}
