// `search`: names by words.
import { z } from "zod";
import { cell, lines, table } from "../text.ts";
import { tool } from "../tool.ts";

export const search = tool({
  name: "search",
  title: "Find by words",
  description:
    "Finds assets, columns, checks, jobs, runs, tags, owners, tests and error codes whose name or description holds the words. Use it when you do not know the exact name; then `describe` what you found.",
  input: z.object({ words: z.string().min(1).max(200), limit: z.number().int().min(1).max(100).default(20) }),
  does: "reads",
  run: async ({ words, limit }, { ask }) => {
    const { found, total } = await ask("search.find", { q: words, limit });
    const text = lines(
      found.length === 0 ? `nothing is called like "${cell(words)}"; try fewer or other words` : `${total} found`,
      found.length === 0
        ? ""
        : table(
            ["kind", "name", "detail"],
            found.map(({ kind, name, detail }) => [kind, name, detail]),
          ),
    );
    return { text, data: { found, total } };
  },
});
