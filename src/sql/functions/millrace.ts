// Functions for every query, in the schema `millrace`: places, network addresses, postal addresses, local time, business days. They are macros of plain
// SQL, so that lineage sees through them and no extension is needed; the warehouse and the shadow catalogue get the same text.
import type { Session } from "../session.ts";
import { literal } from "../text.ts";
import { hashText } from "../../model/text-hash.ts";

export const FUNCTIONS_SCHEMA = "millrace";

/** Mean radius of the earth in km (IUGG 1980). */
const EARTH_KM = 6371.0088;

/** Words of United States addresses and their abbreviations (USPS Publication 28, appendices B and C). */
const ADDRESS_WORDS: Readonly<Record<string, string>> = {
  ALLEY: "ALY",
  APARTMENT: "APT",
  AVENUE: "AVE",
  AV: "AVE",
  BOULEVARD: "BLVD",
  BRIDGE: "BRG",
  BUILDING: "BLDG",
  CENTER: "CTR",
  CIRCLE: "CIR",
  COURT: "CT",
  CRESCENT: "CRES",
  DRIVE: "DR",
  EAST: "E",
  EXPRESSWAY: "EXPY",
  FLOOR: "FL",
  HEIGHTS: "HTS",
  HIGHWAY: "HWY",
  JUNCTION: "JCT",
  LANE: "LN",
  MOUNT: "MT",
  NORTH: "N",
  NORTHEAST: "NE",
  NORTHWEST: "NW",
  PARKWAY: "PKWY",
  PLACE: "PL",
  PLAZA: "PLZ",
  ROAD: "RD",
  ROOM: "RM",
  SAINT: "ST",
  SOUTH: "S",
  SOUTHEAST: "SE",
  SOUTHWEST: "SW",
  SQUARE: "SQ",
  STREET: "ST",
  STR: "ST",
  SUITE: "STE",
  TERRACE: "TER",
  TRAIL: "TRL",
  TURNPIKE: "TPKE",
  WEST: "W",
};

const words = `map {${Object.entries(ADDRESS_WORDS)
  .map(([word, short]) => `${literal(word)}: ${literal(short)}`)
  .join(", ")}}`;
/** Latin letters without accents, punctuation as blanks; `#` stands before a unit. */
const plainAddress = `trim(regexp_replace(regexp_replace(strip_accents(upper(address)), '[^A-Z0-9#]+', ' ', 'g'), ' +', ' ', 'g'))`;

/** Even-odd rule over all rings: holes and several polygons come out right. */
const crossings = `list_sum(list_transform(rings, lambda ring: len(list_filter(range(1, len(ring)), lambda i:
  ((ring[i][2] > lat) <> (ring[i + 1][2] > lat)) and lon < (ring[i + 1][1] - ring[i][1]) * (lat - ring[i][2]) / (ring[i + 1][2] - ring[i][2]) + ring[i][1]))))`;
const ringsOf = `case geojson ->> '$.type' when 'Polygon' then (geojson -> '$.coordinates')::double[][][]
  when 'MultiPolygon' then flatten((geojson -> '$.coordinates')::double[][][][]) when 'Feature' then case geojson ->> '$.geometry.type'
  when 'Polygon' then (geojson -> '$.geometry.coordinates')::double[][][] else flatten((geojson -> '$.geometry.coordinates')::double[][][][]) end end`;

/** IPv4 lies in the IPv6 space as ::ffff:a.b.c.d does (RFC 4291). */
const V4_BASE = "281470681743360::uhugeint";
const v4 = `${V4_BASE} + list_reduce(list_transform(string_split(ip, '.'), lambda part: part::uhugeint), lambda sum, part: sum * 256 + part)`;
/** Both sides of `::`, which stands for as many zeros as are missing. */
const sides = `list_transform(string_split(ip, '::'), lambda side: case when side = '' then []::varchar[] else string_split(side, ':') end)`;
const v6 = `list_transform([${sides}], lambda side: list_reduce(list_transform(list_concat(side[1],
  list_transform(range(8 - len(flatten(side))), lambda i: '0'), coalesce(side[2], [])), lambda part: ('0x' || part)::integer::uhugeint), lambda sum, part: sum * 65536 + part))[1]`;
const isV4 = String.raw`regexp_full_match(ip, '((25[0-5]|2[0-4]\d|1?\d?\d)(\.|$)){4}') and ip not like '%.'`;
const isV6 = `regexp_full_match(ip, '::|([0-9A-Fa-f]{1,4}|:(:[0-9A-Fa-f]{1,4})?)(:[0-9A-Fa-f]{1,4}|::[0-9A-Fa-f]{1,4})*(::)?') and len(string_split(ip, '::')) <= 2
  and case when contains(ip, '::') then len(string_split(ip, ':')) <= 8 else len(string_split(ip, ':')) = 8 end`;

const M = FUNCTIONS_SCHEMA;
const MACROS: readonly string[] = [
  `${M}.distance_km(lat1, lon1, lat2, lon2) as case when lat1 is null or lon1 is null or lat2 is null or lon2 is null then null else 2 * ${EARTH_KM} * asin(least(1, sqrt(pow(sin(radians(lat2 - lat1) / 2), 2) + cos(radians(lat1)) * cos(radians(lat2)) * pow(sin(radians(lon2 - lon1) / 2), 2)))) end`,
  `${M}._in_rings(lon, lat, rings) as case when lon is null or lat is null or rings is null then null else ${crossings} % 2 = 1 end`,
  `${M}._rings(geojson) as ${ringsOf}`,
  `${M}.in_polygon(lon, lat, geojson) as ${M}._in_rings(lon, lat, ${M}._rings(geojson::json))`,
  `${M}.ip_number(ip) as case when ${isV4} then ${v4} when ${isV6} then ${v6} end`,
  `${M}._ip_low_bits(range) as case when contains(range, '/') then (case when contains(range, ':') then 128 else 32 end) - split_part(range, '/', 2)::integer else 0 end`,
  // All low bits set; 128 of them are one less than what a shift can make.
  `${M}._ip_mask(range) as case ${M}._ip_low_bits(range) when 128 then 340282366920938463463374607431768211455::uhugeint else (1::uhugeint << ${M}._ip_low_bits(range)::uhugeint) - 1 end`,
  `${M}.ip_from(range) as list_transform([${M}.ip_number(trim(split_part(split_part(range, '/', 1), '-', 1)))], lambda n: n - (n & ${M}._ip_mask(range)))[1]`,
  `${M}.ip_to(range) as list_transform([${M}.ip_number(trim(case when contains(range, '-') then split_part(range, '-', 2) else split_part(range, '/', 1) end))], lambda n: n | ${M}._ip_mask(range))[1]`,
  `${M}.ip_in(ip, range) as ${M}.ip_number(ip) between ${M}.ip_from(range) and ${M}.ip_to(range)`,
  `${M}.normal_address(address) as nullif(array_to_string(list_transform(string_split(${plainAddress}, ' '), lambda word: coalesce(${words}[word], word)), ' '), '')`,
  `${M}.local_time(moment, zone) as timezone(zone, moment::timestamptz)`,
  // millrace.business_days: every day of a calendar with the number of business days up to it.
  `${M}._day(_on, _of) as (select struct_pack(n := number, w := working) from ${M}.business_days where calendar_name = _of and calendar_day = _on)`,
  `${M}.is_business_day(day, calendar) as ${M}._day(day::date, calendar).w`,
  `${M}.business_days_between(first, last, calendar) as (${M}._day(last::date - 1, calendar).n - ${M}._day(first::date - 1, calendar).n)::integer`,
  `${M}._nth_day(_nth, _of) as (select min(calendar_day) from ${M}.business_days where calendar_name = _of and number = _nth and working)`,
  `${M}.add_business_days(day, days, calendar) as ${M}._nth_day(${M}._day(day::date, calendar).n + days + case when days < 0 and not ${M}._day(day::date, calendar).w then 1 else 0 end, calendar)`,
];

/** Those of them that ask `millrace.business_days`. */
export const CALENDAR_FUNCTIONS: ReadonlySet<string> = new Set(["is_business_day", "business_days_between", "add_business_days"]);

/** Days that calendars are known for, inclusive; outside of them the functions answer NULL. */
export const BUSINESS_DAYS = { first: "1990-01-01", last: "2060-12-31" } as const;

/** All of them, each after what it uses. */
export function functionsSql(): string {
  return [
    `create schema if not exists ${M}`,
    `create table if not exists ${M}.business_days (calendar_name varchar, calendar_day date, number integer, working boolean)`,
    ...MACROS.map((macro) => `create or replace macro ${macro}`),
  ].join(";\n");
}

/** Writes the functions where they are not those of this version. */
export async function prepareFunctions(session: Session): Promise<void> {
  const sql = functionsSql();
  const { high, low } = hashText(sql);
  const wanted = `${high}-${low}`;
  const known = await session.row<{ value: string }>("select value from _millrace._meta where key = 'functions'");
  if (known?.value === wanted) return;
  await session.run(sql);
  await session.run("delete from _millrace._meta where key = 'functions'");
  await session.run(`insert into _millrace._meta values ('functions', ${literal(wanted)})`);
}
