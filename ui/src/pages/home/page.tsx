// Home: what needs a person, what is broken and since when, how the day went.
import type { ReactNode } from "react";
import { useRead } from "../../data/read.ts";
import { Page as Frame } from "../../kit/page.tsx";
import { States } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";

export function Page(): ReactNode {
  const runs = useRead("runs.list", { limit: 20 });
  return (
    <Frame title="Home">
      <States read={runs}>
        {({ runs }) => (
          <ul className="plain">
            {runs.map(({ run, status }) => (
              <li key={run}>
                <StatusMark status={status} /> {run}
              </li>
            ))}
          </ul>
        )}
      </States>
    </Frame>
  );
}
