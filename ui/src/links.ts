// Where things are: the one place that knows the paths of pages. `<Link to={links.run(id)}>`.
function at(path: string, search: Readonly<Record<string, string | number | true | undefined>> = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) if (value !== undefined) query.set(name, String(value));
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}

const word = encodeURIComponent;

export type AssetTab = "overview" | "data" | "schema" | "lineage" | "partitions" | "checks" | "history" | "code";

export const links = {
  home: () => "/",
  inbox: (search?: { readonly show?: string; readonly item?: string }) => at("/inbox", search),
  graph: (search?: { readonly q?: string; readonly view?: string }) => at("/graph", search),
  catalog: (search?: { readonly q?: string; readonly status?: string; readonly tag?: string; readonly owner?: string }) =>
    at("/assets", search),
  asset: (asset: string, tab?: AssetTab, search?: Readonly<Record<string, string>>) =>
    at(tab === undefined || tab === "overview" ? `/a/${word(asset)}` : `/a/${word(asset)}/${tab}`, search),
  runs: (search?: {
    readonly status?: string;
    readonly job?: string;
    readonly asset?: string;
    readonly trigger?: string;
    readonly from?: number;
    readonly until?: number;
  }) => at("/runs", search),
  run: (run: string, search?: { readonly step?: string; readonly attempt?: number; readonly line?: number }) =>
    at(`/r/${word(run)}`, search),
  partitions: (search?: { readonly asset?: string }) => at("/partitions", search),
  backfills: () => "/backfills",
  backfill: (backfill: string) => `/backfills/${word(backfill)}`,
  automations: (search?: { readonly job?: string }) => at("/automations", search),
  quality: () => "/quality",
  quarantine: (asset?: string, search?: Readonly<Record<string, string>>) =>
    at(asset === undefined ? "/quarantine" : `/quarantine/${word(asset)}`, search),
  changes: (search?: Readonly<Record<string, string>>) => at("/changes", search),
  console: (search?: { readonly sql?: string }) => at("/sql", search),
  settings: (part?: string) => (part === undefined ? "/settings" : `/settings/${word(part)}`),
};
