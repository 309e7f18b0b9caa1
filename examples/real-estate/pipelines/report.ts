// Shares the result with people: out/report.html, one file that needs nothing else.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defineTask } from "millrace";
import { count } from "../report/chart.ts";
import { key, page, type RuleRow, type SourceRow } from "../report/page.ts";
import {
  type MonthRow,
  monthsPlot,
  type PairRow,
  pairsPlot,
  type PlaceRow,
  placesPlot,
  type RatioRow,
  ratiosPlot,
} from "../report/plots.ts";

export const report = defineTask({
  name: "report",
  description: "Writes out/report.html",
  after: ["final.market", "final.asking"],
  reuse: true,
  async run({ query, projectDir }) {
    const all = async <R>(sql: string): Promise<R[]> => {
      const rows: unknown[] = [];
      for await (const batch of query(sql)) rows.push(...batch);
      return rows as R[];
    };
    const months = await all<MonthRow>(`
      select left(sold_on::varchar, 7) as month, count(*)::int as sales, median(price)::double as paid, any_value(asked) as asked,
        quantile_cont(price, 0.25)::double as "paidLow", quantile_cont(price, 0.75)::double as "paidHigh"
      from clean.sales
      join (select left(listed_on::varchar, 7) as listed, median(asking)::double as asked from final.asking group by 1) on listed = left(sold_on::varchar, 7)
      where price is not null group by 1 order by 1`);
    const pairs = await all<PairRow>(`
      select asking::double as asked, price::double as paid, neighborhood from final.asking where price is not null order by hash(id) limit 1200`);
    const places = await all<PlaceRow>(`
      select neighborhood, count(*)::int as sold, median(asking)::double as asked, median(price)::double as paid
      from final.asking where price is not null group by 1 order by paid desc`);
    const ratios = await all<RatioRow>(`
      select round(price_to_asking * 100)::int as percent, count(*)::int as homes from final.asking where price is not null group by 1 order by 1`);
    const sources = await all<SourceRow>(`
      select asset, sum(rows_read)::int as read, sum(rows_loaded)::int as loaded, sum(rows_quarantined)::int as quarantined, sum(rows_filtered)::int as filtered
      from _millrace.loads where asset like 'raw.%' group by 1 order by 1`);
    const rules = await all<RuleRow>(`
      select asset, rule, count(*)::int as rows, left(any_value(raw), 160) as example
      from _millrace.quarantine where status = 'open' group by 1, 2 order by 1, rows desc`);
    const [total] = await all<{ deeds: number; homes: number; listings: number; known: number; sold: number; ratio: number }>(`
      select (select count(*) from clean.sales)::int as deeds, (select count(*) from clean.homes)::int as homes,
        (select count(*) from clean.listings)::int as listings, count(*)::int as known, count(price)::int as sold, median(price_to_asking) as ratio
      from final.asking`);
    const { deeds, homes, listings, known, sold, ratio } = total!;
    const html = page({
      title: "Weir County: what was asked, what was paid",
      subtitle: `Deeds from ${months[0]?.month} to ${months.at(-1)?.month}, merged with the brokers' listings by parcel number and address.`,
      tiles: [
        { value: count(deeds), label: `deeds of ${count(homes)} homes` },
        { value: count(listings), label: `listings, ${count(known)} of a known home` },
        { value: count(sold), label: "listings with a later sale" },
        { value: `${(ratio * 100).toFixed(1)}%`, label: "of the asking price is paid (median)" },
        { value: count(sources.reduce((sum, row) => sum + row.quarantined, 0)), label: "records in quarantine" },
      ],
      plots: [
        {
          title: "Prices by month",
          note: `${key("paid", "median paid")}${key("asked", "median asked")}${key("band", "middle half of what was paid")}`,
          svg: monthsPlot(months),
          shape: "wide",
        },
        {
          title: `Asked and paid, home by home`,
          note: `${key("over", "above asking")}${key("under", "at or below")}<span>${count(pairs.length)} of ${count(sold)} shown</span>`,
          svg: pairsPlot(pairs),
          shape: "",
        },
        {
          title: "Asked and paid by neighborhood",
          note: `${key("paid", "median paid")}${key("asked", "median asked")}`,
          svg: placesPlot(places),
          shape: "tall",
        },
        {
          title: "How much of the asking price was paid",
          note: `${key("over", "above asking")}${key("under", "at or below")}<span>${count(sold)} homes</span>`,
          svg: ratiosPlot(ratios, ratio),
          shape: "",
        },
      ],
      sources,
      rules,
    });
    await mkdir(join(projectDir, "out"), { recursive: true });
    await writeFile(join(projectDir, "out/report.html"), html);
    return { file: "out/report.html", bytes: Buffer.byteLength(html) };
  },
});
