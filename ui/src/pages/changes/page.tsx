// Changes: what a run would do and why, with the lines that caused it; how rows would differ; applied as it was looked at. And environments: beside prod, promoted, taken back.
import "./changes.css";
import type { ReactNode } from "react";
import { oneOf, usePageSearch } from "../../data/search.ts";
import { Tabs } from "../../kit/tabs.tsx";
import { links } from "../../links.ts";
import { Environments } from "./environments.tsx";
import { PlanPage } from "./plan.tsx";

const search = { show: oneOf(["plan", "environments"]) };

export function Page(): ReactNode {
  const [{ show = "plan" }] = usePageSearch(search);
  const tabs = (
    <Tabs
      label="Changes"
      current={show}
      items={[
        { id: "plan", label: "Plan", to: links.changes() },
        { id: "environments", label: "Environments", to: links.changes({ show: "environments" }) },
      ]}
    />
  );
  return show === "plan" ? <PlanPage tabs={tabs} /> : <Environments tabs={tabs} />;
}
