// Quarantine: what was set aside, by asset and reason; one asset's records with the cells that broke a rule, to correct, accept, try again or discard.
import { useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Overview } from "./overview.tsx";
import { Records } from "./records.tsx";
import "./quarantine.css";

export function Page(): ReactNode {
  const { asset }: { readonly asset?: string } = useParams({ strict: false });
  return asset === undefined ? <Overview /> : <Records key={asset} asset={asset} />;
}
