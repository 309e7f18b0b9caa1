// A query as a model: where its file belongs and what stands in it, to copy. The page writes no files of the project.
import { useState, type ReactNode } from "react";
import { Dialog } from "../../kit/dialog.tsx";
import { Field } from "../../kit/field.tsx";
import { Copy } from "../../kit/values.tsx";
import { modelFile } from "./texts.ts";

const NAME = /^[a-z_]\w*\.[a-z_]\w*$/;

export function ModelText({ sql, onClose }: { readonly sql: string; readonly onClose: () => void }): ReactNode {
  const [name, setName] = useState("final.new_model");
  const [description, setDescription] = useState("");
  const isName = NAME.test(name);
  const { file, text } = modelFile(name, description, sql);
  return (
    <Dialog open wide title="Save as model" onClose={onClose}>
      <div className="stack">
        <Field label="Asset" error={isName ? undefined : "schema.name, in lower case: final.sales_by_month"}>
          {(id, about) => (
            <input
              id={id}
              aria-describedby={about}
              className="input mono"
              value={name}
              onChange={(event) => setName(event.target.value.trim())}
            />
          )}
        </Field>
        <Field label="Description" help="one sentence; shown wherever the asset is">
          {(id, about) => (
            <input
              id={id}
              aria-describedby={about}
              className="input"
              value={description}
              onChange={(event) => setDescription(event.target.value)}
            />
          )}
        </Field>
        {isName ? (
          <>
            <div className="row wrap">
              <span className="muted">Write this to</span> <Copy text={file} />
              <span className="grow" />
              <Copy text={text} label="Copy the text of the model">
                Copy the text
              </Copy>
            </div>
            <pre className="frame model-text">{text}</pre>
            <p className="muted">While millrace dev runs, the saved file is compiled at once, and its plan stands under Changes.</p>
          </>
        ) : null}
      </div>
    </Dialog>
  );
}
