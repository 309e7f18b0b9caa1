// The frame of a page: what it is about, what can be done, the parts. Sets the browser's title.
import { useEffect, type ReactNode } from "react";

interface PageProps {
  readonly title: ReactNode;
  /** For the browser's title where `title` is more than text. */
  readonly name?: string;
  /** One quiet sentence beside the title. */
  readonly note?: ReactNode;
  readonly actions?: ReactNode;
  /** Takes the whole width and height: graph, grid, console. */
  readonly flush?: boolean;
  readonly children?: ReactNode;
}

export function Page({ title, name, note, actions, flush, children }: PageProps): ReactNode {
  const words = name ?? (typeof title === "string" ? title : "");
  useEffect(() => {
    document.title = words === "" ? "Millrace" : `${words} · Millrace`;
  }, [words]);
  return (
    <div className={flush === true ? "page flush" : "page"}>
      <div className="page-head">
        <h1 tabIndex={-1}>{title}</h1>
        {note === undefined ? null : <span className="muted">{note}</span>}
        <span className="grow" />
        {actions === undefined ? null : <div className="row wrap no-print">{actions}</div>}
      </div>
      {children}
    </div>
  );
}
