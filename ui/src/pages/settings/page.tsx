// Settings: connections with a live test, tokens, the audit log, what an agent is told, how the page looks, its keys.
import "./settings.css";
import { useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useRead } from "../../data/read.ts";
import { Page as PageFrame } from "../../kit/page.tsx";
import { Tabs } from "../../kit/tabs.tsx";
import { links } from "../../links.ts";
import { Agents } from "./agents.tsx";
import { Appearance } from "./appearance.tsx";
import { Audit } from "./audit.tsx";
import { Connections } from "./connections.tsx";
import { Shortcuts } from "./shortcuts.tsx";
import { Tokens } from "./tokens.tsx";

const parts = {
  connections: Connections,
  tokens: Tokens,
  audit: Audit,
  agents: Agents,
  appearance: Appearance,
  shortcuts: Shortcuts,
} as const;
type Part = keyof typeof parts;
const WORDS: Readonly<Record<Part, string>> = {
  connections: "Connections",
  tokens: "Tokens",
  audit: "Audit",
  agents: "Agents",
  appearance: "Appearance",
  shortcuts: "Shortcuts",
};
const ids = Object.keys(parts) as Part[];

export function Page(): ReactNode {
  const { part }: { readonly part?: string } = useParams({ strict: false });
  const current = ids.find((id) => id === part) ?? "connections";
  const project = useRead("project.show", {});
  const Shown = parts[current];
  return (
    <PageFrame
      title="Settings"
      name={`${WORDS[current]} · Settings`}
      note={
        project.data === undefined ? undefined : `${project.data.project} · millrace ${project.data.millrace} · ${project.data.timezone}`
      }
    >
      <Tabs
        label="Settings"
        current={current}
        items={ids.map((id) => ({ id, label: WORDS[id], to: links.settings(id === "connections" ? undefined : id) }))}
      />
      <Shown />
    </PageFrame>
  );
}
