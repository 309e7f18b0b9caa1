// Taking rows along: those shown as text on the clipboard, all of them as a file.
import { useState, type ReactNode } from "react";
import type { ExportFormat, QueryRunAnswer } from "../../../../src/model/query-answers.ts";
import { askIn } from "../../data/ask.ts";
import { Button } from "../../kit/button.tsx";
import { saveFile } from "../../kit/save-file.ts";
import { toast } from "../../kit/toast.tsx";
import { textOf } from "./texts.ts";

const COPIES = { csv: "CSV", json: "JSON", md: "Markdown" } as const;
const FILES: Readonly<Record<ExportFormat, string>> = { csv: "CSV", json: "JSON", ndjson: "NDJSON", parquet: "Parquet" };

interface TakingProps {
  readonly answer: QueryRunAnswer;
  readonly sql: string;
  readonly environment: string | undefined;
}

export function Taking({ answer, sql, environment }: TakingProps): ReactNode {
  const [busy, setBusy] = useState(false);
  const [format, setFormat] = useState<ExportFormat>("csv");
  const copy = async (format: keyof typeof COPIES): Promise<void> => {
    try {
      await navigator.clipboard.writeText(textOf(answer, format));
      toast(`${answer.rows.length.toLocaleString("en-US")} rows copied as ${COPIES[format]}`);
    } catch {
      toast("The browser does not let the page copy", { look: "fail" });
    }
  };
  const save = async (as: ExportFormat): Promise<void> => {
    setBusy(true);
    try {
      const made = await askIn(environment)("query.export", { sql, format: as });
      saveFile(made);
    } catch (error) {
      toast((error as Error).message, { look: "fail" });
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="row wrap taking">
      <span className="row" role="group" aria-label="Copy the rows shown">
        {Object.entries(COPIES).map(([format, word]) => (
          <Button
            key={format}
            small
            look="quiet"
            onClick={() => void copy(format as keyof typeof COPIES)}
            aria-label={`Copy the rows shown as ${word}`}
          >
            {word}
          </Button>
        ))}
      </span>
      {/* Chosen first and then asked for: who goes through the choices by keys does not export each of them. */}
      <form
        className="row"
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy) void save(format);
        }}
      >
        <select
          className="input"
          aria-label="Format of the file"
          value={format}
          onChange={(event) => setFormat(event.target.value as ExportFormat)}
        >
          {Object.entries(FILES).map(([each, word]) => (
            <option key={each} value={each}>
              {word}
            </option>
          ))}
        </select>
        <Button small type="submit" busy={busy}>
          Export all
        </Button>
      </form>
    </div>
  );
}
