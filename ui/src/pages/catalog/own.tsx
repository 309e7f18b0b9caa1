// An owner and tags for many assets: they live in the files of the project, so these are the lines for each file, to be copied into it.
import { useState, type ReactNode } from "react";
import { useRead } from "../../data/read.ts";
import { Dialog } from "../../kit/dialog.tsx";
import { Field } from "../../kit/field.tsx";
import { States } from "../../kit/states.tsx";
import { Copy } from "../../kit/values.tsx";
import { ownLines } from "./filter.ts";

export function Own({ assets, onClose }: { readonly assets: readonly string[]; readonly onClose: () => void }): ReactNode {
  const [owner, setOwner] = useState("");
  const [tags, setTags] = useState("");
  const read = useRead("assets.list", {});
  const lines = ownLines(owner, tags);
  return (
    <Dialog
      open
      title={`Owner and tags of ${assets.length} ${assets.length === 1 ? "asset" : "assets"}`}
      closeWord="Close"
      onClose={onClose}
    >
      <div className="stack">
        <p className="second">
          They stand in the files of the project, where they are reviewed as code. These lines belong into each of these files.
        </p>
        <Field label="Owner">
          {(id) => <input id={id} className="input" value={owner} onChange={(event) => setOwner(event.target.value)} />}
        </Field>
        <Field label="Tags" help="with spaces or commas between them">
          {(id, about) => (
            <input id={id} aria-describedby={about} className="input" value={tags} onChange={(event) => setTags(event.target.value)} />
          )}
        </Field>
        {lines === "" ? null : (
          <pre className="frame">
            <Copy text={lines}>{lines}</Copy>
          </pre>
        )}
        <States read={read} lines={3}>
          {(answer) => (
            <ul className="plain">
              {answer.assets
                .filter(({ asset }) => assets.includes(asset))
                .map(({ asset, file }) => (
                  <li key={asset}>
                    <Copy text={file} /> <span className="muted">{asset}</span>
                  </li>
                ))}
            </ul>
          )}
        </States>
      </div>
    </Dialog>
  );
}
