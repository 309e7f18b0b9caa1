// What the asset is defined by: its file as it stands, the query that is run where that is another text, its tests.
import { useEffect, useRef, type ReactNode } from "react";
import { useRead } from "../../data/read.ts";
import { whole, usePageSearch } from "../../data/search.ts";
import { Panel } from "../../kit/panel.tsx";
import { Empty, States } from "../../kit/states.tsx";
import { Copy } from "../../kit/values.tsx";

export function CodeTab({ asset }: { readonly asset: string }): ReactNode {
  const read = useRead("assets.source", { asset }, { fresh: true });
  return (
    <States read={read} lines={10}>
      {({ file, text, sql, tests, components }) => (
        <div className="stack">
          <Panel
            title={<Copy text={file} />}
            actions={
              text === null ? undefined : (
                <Copy text={text} label="Copy the file">
                  Copy the file
                </Copy>
              )
            }
          >
            {text === null ? <Empty title="The file is gone or too large to show." /> : <Code text={text} label={file} />}
          </Panel>
          {sql === null || (text?.includes(sql) === true && file.endsWith(".sql")) ? null : (
            <Panel
              title="The query that is run"
              actions={
                <Copy text={sql} label="Copy the query">
                  Copy the query
                </Copy>
              }
            >
              <Code text={sql} label={`Query of ${asset}`} />
            </Panel>
          )}
          {tests.length + components.length === 0 ? null : (
            <Panel title="Belongs to it" padded>
              <dl className="pairs">
                {tests.map(({ test, file: place }) => [
                  <dt key={test}>Test</dt>,
                  <dd key={`${test} file`}>
                    <code>{test}</code> <Copy text={place} />
                  </dd>,
                ])}
                {components.map((component) => [
                  <dt key={component}>Component</dt>,
                  <dd key={`${component} name`}>
                    <code>{component}</code>
                  </dd>,
                ])}
              </dl>
            </Panel>
          )}
        </div>
      )}
    </States>
  );
}

function Code({ text, label }: { readonly text: string; readonly label: string }): ReactNode {
  const [{ line }] = usePageSearch({ line: whole });
  const current = useRef<HTMLLIElement>(null);
  useEffect(() => current.current?.scrollIntoView({ block: "center" }), [line]);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls can be scrolled by keys
    <div className="code" role="region" aria-label={label} tabIndex={0}>
      <ol>
        {text.split("\n").map((words, index) => (
          // oxlint-disable-next-line react/no-array-index-key -- a line is its number
          <li key={index} data-line={index + 1} {...(index + 1 === line ? { ref: current, "aria-current": "true" as const } : {})}>
            {words}
          </li>
        ))}
      </ol>
    </div>
  );
}
