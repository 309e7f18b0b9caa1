// What narrows a list: words of a fixed set to choose one of, text to find, and one way to clear them all. The address follows when typing pauses; Enter does not wait.
import { useEffect, useRef, useState, type ReactNode } from "react";
import { Button } from "./button.tsx";

const PAUSE_MS = 200;

interface FiltersProps {
  /** What they narrow, for those who hear the page. */
  readonly label: string;
  /** Absent while nothing is narrowed. */
  readonly clear?: (() => void) | undefined;
  readonly children: ReactNode;
}

export function Filters({ label, clear, children }: FiltersProps): ReactNode {
  return (
    <div className="filters" role="search" aria-label={label}>
      {children}
      {clear === undefined ? null : (
        <Button small look="quiet" onClick={clear}>
          Clear filters
        </Button>
      )}
    </div>
  );
}

interface ChoiceProps<Word extends string> {
  readonly label: string;
  readonly value: Word | undefined;
  readonly options: readonly Word[];
  readonly onChange: (value: Word | undefined) => void;
}

export function Choice<Word extends string>({ label, value, options, onChange }: ChoiceProps<Word>): ReactNode {
  return (
    <select
      className="input"
      aria-label={label}
      value={value ?? ""}
      onChange={(event) => onChange(options.find((each) => each === event.target.value))}
    >
      <option value="">{label}: any</option>
      {options.map((each) => (
        <option key={each} value={each}>
          {each}
        </option>
      ))}
    </select>
  );
}

interface FindProps {
  readonly label: string;
  /** What is found, where the label is too long for the box. */
  readonly placeholder?: string;
  readonly width?: "short" | "long";
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
}

export function Find({ label, placeholder = label, width, value, onChange }: FindProps): ReactNode {
  const [draft, setDraft] = useState(value ?? "");
  const said = useRef(value);
  // What comes from elsewhere (a step back, "Clear filters") is shown; what was said here is not typed over when it returns.
  useEffect(() => {
    if (value !== said.current) setDraft(value ?? "");
    said.current = value;
  }, [value]);
  const say = (): void => {
    const words = draft.trim() === "" ? undefined : draft.trim();
    if (words === said.current) return;
    said.current = words;
    onChange(words);
  };
  useEffect(() => {
    const timer = setTimeout(say, PAUSE_MS);
    return () => clearTimeout(timer);
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- waits for the typing alone
  }, [draft]);
  return (
    <input
      className={width === undefined ? "input find-text" : `input find-text ${width}`}
      type="search"
      aria-label={label}
      placeholder={placeholder}
      value={draft}
      onChange={(event) => setDraft(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter") say();
      }}
      onBlur={say}
    />
  );
}
