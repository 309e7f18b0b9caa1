// The files of a new project: small enough to read all of them, with data of its own that has a few bad rows, so that every part has something to show.
import { version } from "../model/version.ts";

const ORDERS = 60;
const PRODUCTS = ["kettle", "lamp", "chair", "desk", "mirror"] as const;

export type Files = Readonly<Record<string, string>>;

function settings(name: string): string {
  return `name: ${name}

# So that every git branch is an environment of its own, with nothing of prod touched:
# environments:
#   prod: { branches: [main, master] }
#   "*": { kind: research, expires: 30d }
`;
}

/** Files by their path in the project. */
export function starterFiles(name: string): Files {
  return {
    "millrace.yaml": settings(name),
    "data/orders.csv": orders(),
    "sources/orders.yaml": `description: Orders as the shop exports them
from:
  files: { path: "data/*.csv" }
primaryKey: [order_id]
load: merge                      # an order that comes again replaces the one that is there
columns:
  amount: { type: "decimal(12,2)", parse: money, required: true }
  ordered_on: { type: date, required: true }
`,
    "models/clean/orders.sql": `/*---
description: One row per order with a usable amount
materialize: table
key: [order_id]
checks:
  - unique: [order_id]
  - rule: { name: amount_is_positive, where: "amount > 0", onFail: quarantine }
  - acceptedValues: { column: status, values: [paid, shipped, returned], severity: warn }
---*/
select order_id, ordered_on, lower(trim(product)) as product, amount, status
from raw.orders
`,
    "models/final/revenue.sql": `/*---
description: Revenue per month and product
materialize: table
key: [month, product]
checks:
  - notNull: [month, product, revenue]
---*/
select date_trunc('month', ordered_on)::date as month, product, count(*) as orders, sum(amount) as revenue
from clean.orders
where status <> 'returned'
group by all
order by month, product
`,
    "exports/revenue.yaml": `select: final.revenue
to: { files: { path: out/revenue.csv } }
`,
    "README.md": readme(name, true),
    "AGENTS.md": agents(),
    ".gitignore": gitignore(),
    "package.json": packageJson(name),
  };
}

export function emptyFiles(name: string): Files {
  return {
    "millrace.yaml": settings(name),
    "README.md": readme(name, false),
    ".gitignore": gitignore(),
    "package.json": packageJson(name),
  };
}

/** A project around files that are there: one source each, or one registry when they are many. */
export function filesProject(name: string, sources: readonly { readonly name: string; readonly path: string }[]): Files {
  const { "README.md": about, ".gitignore": ignore, "package.json": manifest, "millrace.yaml": project } = emptyFiles(name);
  const shared = { "millrace.yaml": project!, "README.md": about!, ".gitignore": ignore!, "package.json": manifest! };
  const each: Files =
    sources.length <= 4
      ? Object.fromEntries(
          sources.map((source) => [`sources/${source.name}.yaml`, `from:\n  files: { path: ${JSON.stringify(source.path)} }\n`]),
        )
      : {
          "sources/registry.csv": `name,from.files.path\n${sources.map((source) => `${source.name},"${source.path.replaceAll('"', '""')}"\n`).join("")}`,
        };
  const first = sources[0]!.name;
  const models: Files = {
    [`models/clean/${first}.sql`]: `/*---\ndescription: ${first}, as it should be\nmaterialize: table\n---*/\nselect * from raw.${first}\n`,
  };
  return { ...shared, ...each, ...models };
}

function readme(name: string, isStarter: boolean): string {
  const steps = isStarter
    ? `- \`sources/orders.yaml\` reads \`data/*.csv\`; one amount cannot be read and goes to quarantine
- \`models/clean/orders.sql\` checks the orders; two of them are set aside
- \`models/final/revenue.sql\` sums them up, \`exports/revenue.yaml\` writes \`out/revenue.csv\`
`
    : "- put a YAML file per source into `sources/`, SQL into `models/`, a YAML file per output into `exports/`\n";
  return `# ${name}

\`\`\`
npm install
npx millrace run
npx millrace query "${isStarter ? "select * from final.revenue" : "select 1"}"
npx millrace quarantine list
\`\`\`

${steps}`;
}

function agents(): string {
  return `# For agents

- \`npx millrace plan --json\` says what a run would do and why; \`npx millrace run --json\` does it.
- Definitions: sources/*.yaml, models/**/*.sql, exports/*.yaml, jobs/*.yaml (triggers, tasks), components/*.yaml. \`npx millrace schema KIND\` prints the keys
  (project, source, model, export, job, component, check, test).
- \`npx millrace serve\` starts jobs by their triggers; \`npx millrace triggers --json\` says when. \`npx millrace why RUN|ASSET|JOB --json\` says why something runs or not.
- Unit tests of models: tests/*.yaml (given rows, expected rows); \`npx millrace test --json\` runs them, \`npx millrace test --record MODEL\` writes one.
- Errors have a code, a place and a hint; \`npx millrace explain CODE\` says more. Rows that break a rule: \`npx millrace quarantine list --json\`.
- Never edit .millrace/; secrets belong into secrets.env, which git ignores.
`;
}

function gitignore(): string {
  return ".millrace/\nnode_modules/\nout/\nsecrets.env\n";
}

function packageJson(name: string): string {
  const manifest = {
    name:
      name
        .toLowerCase()
        .replaceAll(/[^a-z0-9-]+/g, "-")
        .replaceAll(/^-+|-+$/g, "") || "my-data",
    private: true,
    type: "module",
    scripts: { start: "millrace run" },
    dependencies: { millrace: `^${version}` },
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** Always the same rows: one amount that is no number, two that are not positive, one order that comes twice. */
function orders(): string {
  const lines = ["order_id,ordered_on,product,amount,status"];
  let state = 7;
  const random = (below: number): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  for (let id = 1; id <= ORDERS; id++) {
    const month = String(1 + Math.floor((id - 1) / 10)).padStart(2, "0");
    const day = String(1 + random(28)).padStart(2, "0");
    const cents = 1_500 + random(150_000);
    const amount = id === 17 ? "to be agreed" : id === 23 ? "$0.00" : id === 41 ? "-$25.00" : money(cents);
    const status = ["paid", "shipped", "shipped", "paid", "returned"][random(5)]!;
    lines.push(`${String(id).padStart(5, "0")},2026-${month}-${day},${PRODUCTS[random(PRODUCTS.length)]!},${amount},${status}`);
  }
  lines.push(lines[5]!.replace(/[a-z]+$/, "returned"));
  return `${lines.join("\n")}\n`;
}

function money(cents: number): string {
  const dollars = String(Math.floor(cents / 100)).replaceAll(/\B(?=(\d{3})+$)/g, ",");
  const text = `$${dollars}.${String(cents % 100).padStart(2, "0")}`;
  return text.includes(",") ? `"${text}"` : text;
}
