// The environment that the page looks at: `?env=` of the address; without it the one the server works in.
import { text, usePageSearch } from "./search.ts";

const search = { env: text };

export function useEnvironment(): readonly [string | undefined, (environment: string | undefined) => void] {
  const [{ env }, setSearch] = usePageSearch(search);
  return [env, (environment) => setSearch({ env: environment }, "push")];
}
