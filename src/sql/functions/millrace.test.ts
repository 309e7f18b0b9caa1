// The functions of the schema `millrace`, against figures computed in another way.
import { BlockList, isIP } from "node:net";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { functionsSql } from "./millrace.ts";
import { literal } from "../text.ts";

let connection: DuckDBConnection;
beforeAll(async () => {
  connection = await (await DuckDBInstance.create(":memory:")).connect();
  await connection.run(functionsSql());
});

async function one(sql: string): Promise<unknown> {
  return (await connection.runAndReadAll(`select ${sql} as v`)).getRowObjectsJson()[0]?.["v"];
}

describe("places", () => {
  it("are as far apart as the great circle says", async () => {
    // One degree of longitude on the equator: 2πR / 360.
    expect(await one("round(millrace.distance_km(0, 0, 0, 1), 3)")).toBeCloseTo((2 * Math.PI * 6371.0088) / 360, 3);
    expect(await one("millrace.distance_km(90, 0, -90, 50)")).toBeCloseTo(Math.PI * 6371.0088, 6);
    expect(await one("millrace.distance_km(1, 2, 1, 2)")).toBe(0);
    expect(await one("millrace.distance_km(null, 2, 1, 2)")).toBe(null);
  });

  it("lie in a polygon, not in its hole, and in one of several", async () => {
    const square = (from: number, to: number): number[][] => [
      [from, from],
      [to, from],
      [to, to],
      [from, to],
      [from, from],
    ];
    const ring = JSON.stringify({ type: "Polygon", coordinates: [square(0, 10), square(4, 6)] });
    const two = JSON.stringify({ type: "MultiPolygon", coordinates: [[square(0, 1)], [square(5, 6)]] });
    const inside = (x: number, y: number, shape: string): Promise<unknown> => one(`millrace.in_polygon(${x}, ${y}, ${literal(shape)})`);
    expect([await inside(1, 1, ring), await inside(5, 5, ring), await inside(11, 5, ring)]).toEqual([true, false, false]);
    expect([await inside(0.5, 0.5, two), await inside(5.5, 5.2, two), await inside(3, 3, two)]).toEqual([true, true, false]);
    expect(await inside(1, 1, JSON.stringify({ type: "Feature", geometry: JSON.parse(ring) as unknown }))).toBe(true);
    const beside = fc.integer({ min: -200, max: 1200 }).map((at) => at / 100 + 0.005); // on no edge
    await fc.assert(
      fc.asyncProperty(beside, beside, async (x, y) => {
        const isOutside = x < 0 || x > 10 || y < 0 || y > 10;
        const isHole = x > 4 && x < 6 && y > 4 && y < 6;
        expect(await inside(x, y, ring)).toBe(!isOutside && !isHole);
      }),
      { numRuns: 50 },
    );
  });
});

describe("network addresses", () => {
  it("are known from what is none", async () => {
    for (const ip of [
      "1.2.3.4",
      "255.255.255.255",
      "::1",
      "2001:db8::ff00:42:8329",
      "1:2:3:4:5:6:7:8",
      "256.1.1.1",
      "1.2.3",
      "1::2::3",
      "12345::",
      "g::1",
      "",
      "1:2:3",
    ])
      expect([ip, await one(`millrace.ip_number(${literal(ip)}) is not null`)]).toEqual([ip, isIP(ip) !== 0]);
    expect(await one("millrace.ip_number('1.2.3.4') - millrace.ip_number('0.0.0.0')")).toBe(String((1 << 24) + (2 << 16) + (3 << 8) + 4));
  });

  it("lie in a range exactly where the system's own list says so", async () => {
    await fc.assert(
      fc.asyncProperty(fc.ipV4(), fc.ipV4(), fc.integer({ min: 1, max: 32 }), async (ip, network, bits) => {
        const list = new BlockList();
        list.addSubnet(network, bits);
        expect(await one(`millrace.ip_in(${literal(ip)}, '${network}/${bits}')`)).toBe(list.check(ip));
      }),
      { numRuns: 40 },
    );
    const six = new BlockList();
    six.addSubnet("2001:db8::", 33, "ipv6");
    for (const ip of ["2001:db8::1", "2001:db8:8000::", "2001:db8:7fff:ffff::", "2001:db7::"])
      expect([ip, await one(`millrace.ip_in('${ip}', '2001:db8::/33')`)]).toEqual([ip, six.check(ip, "ipv6")]);
    expect(await one("millrace.ip_in('10.0.0.7', '10.0.0.5 - 10.0.0.7')")).toBe(true);
    expect(await one("millrace.ip_in('9.9.9.9', '0.0.0.0/0')")).toBe(true);
    expect(await one("millrace.ip_in('ffff::', '::/0')")).toBe(true);
  });
});

describe("addresses and times", () => {
  it("are brought to one form", async () => {
    expect(await one("millrace.normal_address(' 12 West  Main Street, Apartment #4 ')")).toBe("12 W MAIN ST APT #4");
    expect(await one("millrace.normal_address('12 W. Main St., apt #4')")).toBe("12 W MAIN ST APT #4");
    expect(await one("millrace.normal_address(' - ')")).toBe(null);
    expect(await one("millrace.local_time(timestamptz '2026-07-01 12:00:00+00', 'America/New_York')::varchar")).toBe("2026-07-01 08:00:00");
    expect(await one("millrace.local_time(timestamptz '2026-01-01 12:00:00+00', 'America/New_York')::varchar")).toBe("2026-01-01 07:00:00");
  });

  it("count business days", async () => {
    // 2026-01-01 is a Thursday and a day off; Saturdays and Sundays are, too.
    await connection.run(`insert into millrace.business_days select 'x', day::date, sum(w::integer) over (order by day)::integer, w from (
      select day, isodow(day) < 6 and day <> date '2026-01-01' as w from generate_series(date '2025-12-01', date '2026-02-28', interval 1 day) t(day))`);
    expect(
      await one(
        "[millrace.is_business_day('2025-12-31', 'x'), millrace.is_business_day('2026-01-01', 'x'), millrace.is_business_day('2026-01-03', 'x')]::varchar",
      ),
    ).toBe("[true, false, false]");
    expect(await one("millrace.business_days_between('2025-12-31', '2026-01-06', 'x')")).toBe(3);
    const plus = async (day: string, days: number): Promise<unknown> => one(`millrace.add_business_days('${day}', ${days}, 'x')::varchar`);
    expect([await plus("2025-12-31", 1), await plus("2026-01-03", 1), await plus("2026-01-05", -1), await plus("2026-01-03", -1)]).toEqual([
      "2026-01-02",
      "2026-01-05",
      "2026-01-02",
      "2026-01-02",
    ]);
    expect(await one("millrace.is_business_day('1900-01-01', 'x')")).toBe(null);
  });
});
