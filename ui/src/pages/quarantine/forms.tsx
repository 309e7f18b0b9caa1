// Records by the form of the value that breaks the rule: a is letters, 9 digits. One press selects all of a form, to be decided at once.
import type { ReactNode } from "react";
import type { QuarantineRecordsAnswer } from "../../../../src/model/quarantine-answers.ts";
import { Button } from "../../kit/button.tsx";
import { countWords } from "../../kit/values.tsx";

const FORMS_SHOWN = 12;

interface FormsProps {
  readonly answer: QuarantineRecordsAnswer;
  readonly selected: ReadonlySet<string>;
  readonly onSelect: (selected: ReadonlySet<string>) => void;
}

export function Forms({ answer, selected, onSelect }: FormsProps): ReactNode {
  const forms = formsOf(answer);
  if (forms.length < 2) return null;
  return (
    <div className="filters" role="group" aria-label="Select by the form of the value">
      <span className="muted">
        {answer.next === null ? "Select by form" : `Select by form, of the ${countWords(answer.records.length)} shown`}
      </span>
      {forms.slice(0, FORMS_SHOWN).map(([form, ids]) => {
        const isChosen = selected.size === ids.length && ids.every((id) => selected.has(id));
        return (
          <Button small key={form} className="q-chip" aria-pressed={isChosen} onClick={() => onSelect(isChosen ? new Set() : new Set(ids))}>
            <code>{form}</code> <span className="muted">{countWords(ids.length)}</span>
          </Button>
        );
      })}
    </div>
  );
}

/** The most frequent first. */
function formsOf({ records, columns }: QuarantineRecordsAnswer): readonly (readonly [form: string, ids: readonly string[]])[] {
  const forms = new Map<string, string[]>();
  for (const { id, failing, cells } of records) {
    const place = failing[0];
    if (place === undefined) continue;
    const form = `${columns[place]?.name ?? ""}: ${formOf(cells[place] ?? null)}`;
    forms.set(form, [...(forms.get(form) ?? []), id]);
  }
  return [...forms].toSorted(([, one], [, other]) => other.length - one.length);
}

function formOf(value: string | null): string {
  if (value === null) return "no value";
  const form = value.replaceAll(/\p{L}+/gu, "a").replaceAll(/\p{Nd}+/gu, "9");
  return form === "" ? "empty" : form.slice(0, 40);
}
