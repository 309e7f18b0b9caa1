// Beside a title: not all is known yet, and why. What is shown stands as the last plan and the runs since then left it.
import type { ReactNode } from "react";
import type { Unsure } from "../../../src/model/graph-answers.ts";
import { StatusMark } from "./status.tsx";

const words: Readonly<Record<Unsure, string>> = {
  planning: "as of the last runs; a plan is being made",
  broken: "as last published: the project has an error",
  unplanned: "as of the last runs: no plan can be made now",
};

export function Partly({ why }: { readonly why: Unsure | undefined }): ReactNode {
  if (why === undefined) return null;
  return (
    <span role="status" className="partly">
      {" · "}
      {why === "planning" ? words[why] : <StatusMark status="warned" word={words[why]} />}
    </span>
  );
}
