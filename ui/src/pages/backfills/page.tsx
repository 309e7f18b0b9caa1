// Backfills: the newest ones, and one of them with its partitions.
import { useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { List } from "./list.tsx";
import { One } from "./one.tsx";
import "./backfills.css";

export function Page(): ReactNode {
  const { backfill }: { readonly backfill?: string } = useParams({ strict: false });
  return backfill === undefined ? <List /> : <One key={backfill} backfill={backfill} />;
}
