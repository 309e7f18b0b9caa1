// GeoJSON: collections, lines, single features, names that clash, and what is no feature.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openReading, type ReadingBench } from "../tabular/reading.suite.ts";

let bench: ReadingBench;
beforeAll(async () => {
  bench = await openReading();
});
afterAll(() => bench.close());

const feature = (properties: unknown, coordinates: readonly unknown[], more = {}): unknown => ({
  type: "Feature",
  properties,
  geometry: { type: "Point", coordinates },
  ...more,
});

describe("GeoJSON", () => {
  it("makes a row of a feature: properties, geometry as JSON, the rest as feature_…", async () => {
    const features = [
      feature({ name: "a", n: 1 }, [1.5, 2.123456789012345], { id: 7 }),
      { ...(feature({ name: "b", n: 2 }, []) as object), geometry: null },
    ];
    const { columns, rows } = await bench.read("a.geojson", JSON.stringify({ type: "FeatureCollection", features }));
    expect(columns).toEqual(["name VARCHAR", "n BIGINT", "geometry JSON", "feature_id BIGINT"]);
    expect(rows).toEqual([
      ["a", "1", '{"type":"Point","coordinates":[1.5,2.123456789012345]}', "7"],
      ["b", "2", null, null],
    ]);
  });

  it("reads one feature a line, also with separators, and tells the lines", async () => {
    const lines = [feature({ a: 1 }, [1, 2]), feature({ a: 2 }, [3, 4])].map((each) => JSON.stringify(each));
    expect((await bench.read("a.geojsonl", lines.join("\n"))).staged.origins).toEqual([{ firstRow: 0, line: 1 }]);
    expect((await bench.read("a.geojsons", `\u001e${lines.join("\n\u001e")}\n`)).rows).toHaveLength(2);
  });

  it("sends what is no feature to quarantine, and keeps a property called geometry", async () => {
    const features = [feature({ geometry: "mine" }, [1, 2]), { type: "Other" }, 5];
    const { rows, columns, rejected, staged } = await bench.read("a.geojson", JSON.stringify({ type: "FeatureCollection", features }));
    expect(columns).toEqual(["properties_geometry VARCHAR", "geometry JSON"]);
    expect(rows).toHaveLength(1);
    expect(rejected.map(({ rule, raw }) => [rule, raw])).toEqual([
      ["notAFeature", '{"type":"Other"}'],
      ["notAFeature", "5"],
    ]);
    expect(staged.records).toEqual({ read: 3, quarantined: 2, repaired: 0 });
  });

  it("takes one feature and a bare geometry, and sets a broken document aside", async () => {
    expect((await bench.read("a.geojson", JSON.stringify(feature({ x: 1 }, [0, 0])))).rows).toHaveLength(1);
    expect((await bench.read("a.geojson", '{"type":"Point","coordinates":[1,2]}')).rows).toEqual([
      ['{"type":"Point","coordinates":[1,2]}'],
    ]);
    expect((await bench.read("a.geojson", '{"type":"FeatureCollection","features":[{')).rejected).toHaveLength(1);
  });

  it("is known by its contents where the ending tells nothing", async () => {
    expect((await bench.read("map", JSON.stringify(feature({ x: 1 }, [0, 0])))).format).toBe("geojson");
  });
});
