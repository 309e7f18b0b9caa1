// Runs a selection after telling what it means: assets by the one grammar, so that the command line does the same with the same words.
import { useState, type ReactNode } from "react";
import { useAct } from "../data/act.ts";
import { Button } from "../kit/button.tsx";
import { Confirm } from "../kit/confirm.tsx";
import { useGo } from "../kit/link.tsx";
import { toast } from "../kit/toast.tsx";
import { Copy } from "../kit/values.tsx";
import { links } from "../links.ts";

interface RunButtonProps {
  readonly select: string;
  /** How many assets it means at most. */
  readonly count: number;
  readonly label: string;
  readonly look?: "plain" | "primary" | "quiet";
  readonly small?: boolean;
}

export function RunButton({ select, count, label, look = "plain", small = false }: RunButtonProps): ReactNode {
  const [open, setOpen] = useState(false);
  const start = useAct("runs.start");
  const go = useGo();
  const confirm = async (): Promise<void> => {
    try {
      const { run } = await start.run({ select });
      setOpen(false);
      toast(`Run ${run} has begun`, { action: { label: "Open", run: () => go(links.run(run)) } });
    } catch {
      // the dialog tells it
    }
  };
  return (
    <>
      <Button look={look} small={small} onClick={() => setOpen(true)}>
        {label}
      </Button>
      <Confirm
        open={open}
        title={label}
        act="Run"
        busy={start.isPending}
        error={start.error}
        onConfirm={() => void confirm()}
        onClose={() => {
          setOpen(false);
          start.clear();
        }}
      >
        <div className="stack">
          <p>
            {count === 1 ? "One asset" : `${count.toLocaleString("en-US")} assets`}; what is current already is reused and not built again.
          </p>
          <Copy text={`millrace run --select '${select}'`} />
        </div>
      </Confirm>
    </>
  );
}
