// How the page looks on this device. Nothing of it leaves the browser.
import { useId, type ReactNode } from "react";
import { appearance, changeAppearance } from "../../data/appearance.ts";
import { useSignal } from "../../data/signal.ts";
import { Panel } from "../../kit/panel.tsx";
import { kindOf, StatusMark } from "../../kit/status.tsx";

const choices = [
  { key: "theme", label: "Theme", words: { system: "as the system", light: "light", dark: "dark" } },
  { key: "contrast", label: "Contrast", words: { system: "as the system", normal: "normal", more: "more" } },
  { key: "density", label: "Rows", words: { compact: "compact", default: "default", comfortable: "comfortable" } },
  { key: "zone", label: "Times", words: { local: `of this device (${Intl.DateTimeFormat().resolvedOptions().timeZone})`, utc: "UTC" } },
] as const;
const statuses = ["current", "failed", "running", "warned", "stale", "skipped", "quarantined"];

export function Appearance(): ReactNode {
  const look = useSignal(appearance);
  return (
    <div className="stack settings-parts">
      <Panel title="Appearance" sub="kept in this browser" padded>
        <div className="stack">
          {choices.map(({ key, label, words }) => (
            <Choice key={key} label={label} words={words} value={look[key]} onChange={(value) => changeAppearance({ [key]: value })} />
          ))}
        </div>
      </Panel>
      <Panel title="How a status looks" sub="its shape and its word say the same as its colour" padded>
        <div className="row wrap">
          {statuses.map((status) => (
            <span key={status} className="tag" data-kind={kindOf(status)}>
              <StatusMark status={status} />
            </span>
          ))}
        </div>
      </Panel>
    </div>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly words: Readonly<Record<string, string>>;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function Choice({ label, words, value, onChange }: ChoiceProps): ReactNode {
  const name = useId();
  return (
    <fieldset className="choices">
      <legend>{label}</legend>
      {Object.entries(words).map(([id, word]) => (
        <label key={id} className="row">
          <input type="radio" name={name} checked={value === id} onChange={() => onChange(id)} /> {word}
        </label>
      ))}
    </fieldset>
  );
}
