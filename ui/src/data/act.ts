// What a page does: `const cancel = useAct("runs.cancel")`, then `await cancel.run({ run, why })`. One idempotency key per attempt of a person; where the server wants a
// session first, it is asked for and the act goes on.
import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import type { AnswerOf } from "../../../src/client/ask.ts";
import type { Api } from "../../../src/server/api.ts";
import { ApiError, askIn } from "./ask.ts";
import { useEnvironment } from "./environment.ts";
import { askForSession } from "./session.ts";

export interface Act<Id extends keyof Api> {
  /** @throws what the server refused; `error` holds it, too */
  readonly run: <Wait extends boolean = false>(input: Api[Id]["input"], how?: { readonly wait?: Wait }) => Promise<AnswerOf<Id, Wait>>;
  readonly isPending: boolean;
  readonly error: Error | null;
  readonly clear: () => void;
}

export function useAct<Id extends keyof Api>(id: Id): Act<Id> {
  const [environment] = useEnvironment();
  const client = useQueryClient();
  const [pending, setPending] = useState(0);
  const [error, setError] = useState<Error | null>(null);
  const again = useRef<{ readonly input: string; readonly key: string } | null>(null);
  const run = async <Wait extends boolean = false>(
    input: Api[Id]["input"],
    how: { readonly wait?: Wait } = {},
  ): Promise<AnswerOf<Id, Wait>> => {
    // The same wish after a failure of the network has the same key: it is done once.
    const text = JSON.stringify(input);
    const key = again.current?.input === text ? again.current.key : newKey();
    again.current = { input: text, key };
    setPending((count) => count + 1);
    setError(null);
    try {
      const ask = (): Promise<AnswerOf<Id, Wait>> => askIn(environment)(id, input, { idempotencyKey: key, ...how });
      const answer = await ask().catch(async (thrown: unknown) => {
        if (!(thrown instanceof ApiError) || thrown.status !== 401 || !(await askForSession(thrown.error.message))) throw thrown;
        return await ask();
      });
      again.current = null;
      void client.invalidateQueries();
      return answer;
    } catch (thrown) {
      if (thrown instanceof ApiError) again.current = null;
      setError(thrown as Error);
      throw thrown;
    } finally {
      setPending((count) => count - 1);
    }
  };
  return { run, isPending: pending > 0, error, clear: () => setError(null) };
}

function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
