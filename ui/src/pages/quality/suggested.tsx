// Checks that could be written for an asset, made of a profile of its rows, as the lines of its definition to copy.
import type { ReactNode } from "react";
import type { QualityGap } from "../../../../src/model/quality-answers.ts";
import { useRead } from "../../data/read.ts";
import { Button } from "../../kit/button.tsx";
import { Panel } from "../../kit/panel.tsx";
import { Empty, States } from "../../kit/states.tsx";
import { Copy, Count } from "../../kit/values.tsx";
import { suggestionsFor } from "../../kit/suggestions.ts";

interface SuggestedProps {
  readonly asset: string;
  readonly gap: QualityGap | undefined;
  readonly onClose: () => void;
}

export function Suggested({ asset, gap, onClose }: SuggestedProps): ReactNode {
  const read = useRead("assets.profile", { asset });
  const source = useRead("assets.source", { asset });
  return (
    <Panel
      title="Checks to begin with"
      sub={<span className="mono">{asset}</span>}
      actions={
        <Button small look="quiet" aria-label={`Close the suggestions for ${asset}`} onClick={onClose}>
          Close
        </Button>
      }
      padded
    >
      <States read={read} lines={4}>
        {(profile) => {
          const found = suggestionsFor(profile, new Set(gap?.untested));
          if (found.length === 0)
            return (
              <Empty title="Its rows suggest nothing.">
                <p>
                  <Count of={profile.rows} one="row" />, and no column of them without a check is always filled, distinct or of a few
                  values.
                </p>
              </Empty>
            );
          const text = `checks:\n${found.map(({ line }) => `  ${line}`).join("\n")}\n`;
          return (
            <>
              <p className="second">
                A profile of today's rows suggests them; whether they should hold tomorrow, you know.
                {source.data === undefined ? null : (
                  <>
                    {" "}
                    They belong in <Copy text={source.data.file} />
                  </>
                )}
              </p>
              <ul className="plain ql-suggested">
                {found.map(({ line, why }) => (
                  <li key={line}>
                    <code>{line}</code> <span className="muted">{why}</span>
                  </li>
                ))}
              </ul>
              <p>
                <Copy text={text} label={`Copy the lines for ${asset}`}>
                  Copy the lines
                </Copy>
              </p>
            </>
          );
        }}
      </States>
    </Panel>
  );
}
