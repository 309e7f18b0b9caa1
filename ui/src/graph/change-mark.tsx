// How an asset differs, beside its name: sign in a box and word, in the colour that the picture marks it with.
import type { ReactNode } from "react";
import { type ChangeKind, changeLooks } from "./marks.ts";

export function ChangeMark({ change, word }: { readonly change: ChangeKind; readonly word?: string }): ReactNode {
  const { sign, kind, word: usual } = changeLooks[change];
  return (
    <span className={`status ${kind}`}>
      <span className="change-mark" aria-hidden="true">
        {sign}
      </span>
      {word ?? usual}
    </span>
  );
}
