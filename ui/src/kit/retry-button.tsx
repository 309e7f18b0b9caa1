// Retries what failed of a run, after telling what that means: what succeeded is taken over.
import { useState, type ReactNode } from "react";
import { useAct } from "../data/act.ts";
import { links } from "../links.ts";
import { Button } from "./button.tsx";
import { Confirm } from "./confirm.tsx";
import { useGo } from "./link.tsx";

export function RetryButton({ run, name }: { readonly run: string; readonly name: string }): ReactNode {
  const [isAsked, setAsked] = useState(false);
  const retry = useAct("runs.retry");
  const go = useGo();
  return (
    <>
      <Button small onClick={() => setAsked(true)}>
        Retry…
      </Button>
      <Confirm
        open={isAsked}
        title={`Retry ${name}`}
        act="Retry from failure"
        busy={retry.isPending}
        error={retry.error}
        onClose={() => setAsked(false)}
        onConfirm={() =>
          void retry.run({ run }).then(
            (begun) => {
              setAsked(false);
              go(links.run(begun.run));
            },
            () => {},
          )
        }
      >
        <p>
          A new run takes over what succeeded in <code>{run}</code> and does the rest. Nothing is loaded twice.
        </p>
      </Confirm>
    </>
  );
}
