// A small project with something on every page: bad rows, a failed task, an approval that waits, partitions, triggers; and descriptions, rows and logs that
// are scripts if anybody takes them for such.

/** What a page must show as the text it is. */
export const SCRIPT = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;

const DAYS = 6;
const CUSTOMERS = 40;
const CITIES = ["Bonn", "Kiel", "Trier"];

export const shopFiles = shopSaying(SCRIPT);

/** The shop with these words where others have a script. */
export function shopSaying(words: string): Readonly<Record<string, string>> {
  return {
    "millrace.yaml": "name: shop\ntimezone: Europe/Berlin\n",
    "data/orders.csv": orders(),
    "data/customers.csv": customers(words),
    "sources/orders.yaml": `from: { files: { path: data/orders.csv } }
description: ${JSON.stringify(`Orders of the shop ${words}`)}
owner: ana
tags: [sales]
columns:
  id: { type: bigint, required: true, description: Given by the shop }
  customer: { type: bigint }
  amount: { type: "decimal(10,2)", description: Euro }
  day: { type: date }
checks:
  - unique: id
`,
    "sources/customers.yaml": "from: { files: { path: data/customers.csv } }\n",
    "models/clean/orders.sql":
      "/*---\ndescription: Orders that count\nchecks:\n  - notNull: [id, amount]\n---*/\nselect id, customer, amount, day\nfrom raw.orders\nwhere amount > 0\n",
    "models/clean/cities.sql": "select city, count(*) as customers\nfrom raw.customers\ngroup by city\n",
    "models/final/daily.sql":
      "/*---\nmaterialize: table\npartition: { by: day, column: day, start: 2026-10-22, end: 2026-10-28 }\n---*/\nselect day, sum(amount) as revenue, count(*) as orders\nfrom clean.orders\nwhere day >= $start and day < $end\ngroup by day\n",
    "models/final/revenue.sql":
      "/*---\nowner: ana\nchecks:\n  - unique: city\n---*/\nselect c.city, sum(o.amount) as revenue\nfrom clean.orders o\njoin raw.customers c on c.id = o.customer\ngroup by c.city\n",
    "jobs/nightly.yaml": `select: "*"
params: { region: { type: string, default: all, enum: [all, north] } }
triggers:
  - schedule: { cron: "30 2 * * *" }
  - webhook: { path: /hooks/shop }
`,
    "jobs/publish.yaml": `select: []
tasks:
  letter: { approval: { title: "Publish the revenue?", description: ${JSON.stringify(words)}, fields: { reason: string } } }
  after: { shell: "echo published", after: [letter] }
`,
    "jobs/broken.yaml": `select: []
tasks:
  upload: { shell: ${JSON.stringify(`echo "${words.replaceAll('"', '\\"')}"; test -f allowed || exit 3`)} }
`,
  };
}

/** 60 good orders over DAYS days and three that break the contract. */
function orders(): string {
  const rows = Array.from({ length: 60 }, (_, id) => `${id},${id % CUSTOMERS},${(10 + id * 1.25).toFixed(2)},2026-10-${22 + (id % DAYS)}`);
  return `id,customer,amount,day\n${rows.join("\n")}\n60,1,twelve,2026-10-23\n61,2,13.50,2026-13-41\n,3,9.00,2026-10-24\n`;
}

function customers(words: string): string {
  const name = (id: number): string => (id === 7 ? `"${words.replaceAll('"', '""')}"` : `customer ${id}`);
  return `id,name,city\n${Array.from({ length: CUSTOMERS }, (_, id) => `${id},${name(id)},${CITIES[id % CITIES.length]}`).join("\n")}\n`;
}
