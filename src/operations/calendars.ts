// The calendars of millrace.yaml as days that queries may ask for: `millrace.business_days`, written anew when a definition changed.
import { createHash } from "node:crypto";
import type { Project } from "../project/reader.ts";
import { calendarText } from "../project/schedules.ts";
import { openCalendar } from "../schedule/calendar.ts";
import { dateText, dayOfText } from "../schedule/zone.ts";
import { BUSINESS_DAYS } from "../sql/functions.ts";
import { literal } from "../sql/text.ts";
import type { Warehouse } from "../sql/warehouse.ts";

const DAYS_PER_INSERT = 5_000;

/** @throws MR1607–MR1609 for a calendar that is none. */
export async function prepareCalendars(warehouse: Warehouse, project: Pick<Project, "config" | "dir">): Promise<void> {
  const calendars = Object.entries(project.config.calendars ?? {});
  const texts = calendars.map(([name, spec]) => ({ name, spec, ...calendarText(project.dir, spec.file) }));
  const hash = createHash("sha256")
    .update(JSON.stringify([texts, BUSINESS_DAYS]))
    .digest("hex")
    .slice(0, 16);
  const known = await warehouse.session((session) =>
    session.row<{ value: string }>("select value from _millrace._meta where key = 'calendars'"),
  );
  if (known?.value === hash) return;
  const rows: string[] = [];
  for (const request of texts) {
    const calendar = await openCalendar(request);
    let number = 0;
    const [first, last] = [dayOfText(BUSINESS_DAYS.first)!, dayOfText(BUSINESS_DAYS.last)!];
    for (let day = first; day <= last; day++) {
      const working = calendar.isWorking(day);
      if (working) number++;
      rows.push(`(${literal(request.name)}, '${dateText(day)}', ${number}, ${working})`);
    }
  }
  await warehouse.transaction(async (tx) => {
    await tx.run("delete from millrace.business_days");
    for (let from = 0; from < rows.length; from += DAYS_PER_INSERT)
      await tx.run(`insert into millrace.business_days values ${rows.slice(from, from + DAYS_PER_INSERT).join(", ")}`);
    await tx.run("delete from _millrace._meta where key = 'calendars'");
    await tx.run(`insert into _millrace._meta values ('calendars', ${literal(hash)})`);
  });
}
