// The calendars of millrace.yaml as days that queries may ask for: `millrace.business_days`, written anew when a definition changed.
import { createHash } from "node:crypto";
import type { Project } from "../../project/reader.ts";
import { calendarText } from "../../project/schedules.ts";
import { openCalendar } from "../../schedule/calendar.ts";
import { dayOfText } from "../../schedule/zone.ts";
import { BUSINESS_DAYS } from "../../sql/functions/millrace.ts";
import { literal } from "../../sql/text.ts";
import type { Warehouse } from "../../sql/warehouse.ts";

type Calendars = Pick<Project, "config" | "dir">;

/** Identity of all calendars: another one as soon as a day of one may be another. @throws MR1003 for a file that cannot be read. */
export function calendarsHash(project: Calendars): string {
  return hashOf(textsOf(project));
}

function textsOf({ config, dir }: Calendars) {
  return Object.entries(config.calendars ?? {}).map(([name, spec]) => ({ name, spec, ...calendarText(dir, spec.file) }));
}

function hashOf(texts: ReturnType<typeof textsOf>): string {
  return createHash("sha256")
    .update(JSON.stringify([texts, BUSINESS_DAYS]))
    .digest("hex")
    .slice(0, 16);
}

/** @throws MR1607–MR1609 for a calendar that is none. */
export async function prepareCalendars(warehouse: Warehouse, project: Calendars): Promise<void> {
  const texts = textsOf(project);
  const hash = hashOf(texts);
  const known = await warehouse.session((session) =>
    session.row<{ value: string }>("select value from _millrace._meta where key = 'calendars'"),
  );
  if (known?.value === hash) return;
  const [first, last] = [dayOfText(BUSINESS_DAYS.first)!, dayOfText(BUSINESS_DAYS.last)!];
  const calendars = await Promise.all(
    texts.map(async (request) => {
      const calendar = await openCalendar(request);
      const working = Array.from({ length: last - first + 1 }, (_, index) => (calendar.isWorking(first + index) ? "1" : "0"));
      return { name: request.name, working: working.join("") };
    }),
  );
  await warehouse.transaction(async (tx) => {
    await tx.run("delete from millrace.business_days");
    for (const { name, working } of calendars)
      await tx.run(`insert into millrace.business_days
        select ${literal(name)}, date ${literal(BUSINESS_DAYS.first)} + place::integer - 1, count(*) filter (where day = '1') over (order by place), day = '1'
        from (select unnest(string_split(${literal(working)}, '')) as day, generate_subscripts(string_split(${literal(working)}, ''), 1) as place)`);
    await tx.run("delete from _millrace._meta where key = 'calendars'");
    await tx.run(`insert into _millrace._meta values ('calendars', ${literal(hash)})`);
  });
}
