import { expect, it } from "vitest";
import { takeObjects } from "./list.ts";

const object = (key: string, etag = "&quot;abc&quot;", more = ""): string =>
  `<Contents><Key>${key}</Key><LastModified>2026-01-02T03:04:05.678Z</LastModified><ETag>${etag}</ETag><Size>12</Size>${more}</Contents>`;
const listed = (key: string): object => ({ Key: key, Size: 12, ETag: '"abc"', LastModified: new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 678)) });
const page = (...inner: readonly string[]): string =>
  `<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>${inner.join("")}</ListBucketResult>`;

it("takes the objects of a page and leaves the rest, wherever they stand", () => {
  const folder = "<CommonPrefixes><Prefix>in%2F</Prefix></CommonPrefixes>";
  const owner = "<StorageClass>STANDARD</StorageClass><Owner><ID>1</ID></Owner>";
  expect(takeObjects(page(object("a%2Bb", "&#34;abc&#34;"), folder, object("x &amp;amp; y", '"abc"', owner)))).toEqual({
    objects: [listed("a%2Bb"), listed("x &amp; y")],
    rest: page(folder),
  });
  expect(takeObjects(page())).toEqual({ objects: [], rest: page() });
});

it("leaves to the parser whatever is written in another way", () => {
  for (const other of [
    object("<![CDATA[a]]>"),
    object("&#xe4;"),
    object("a&b"),
    object("a").replace("<Size>12", "<Size>-1"),
    object("a").replace("<Size>12</Size>", ""),
    object("a").replace(".678Z", "+01:00"),
    object("a", "", "<Owner><Key>b</Key></Owner>"),
    object("a").replaceAll("Contents>", "n:Contents>"),
    "<Contents><Key>a</Key>",
  ])
    expect(takeObjects(page(other)), other).toEqual({ objects: [], rest: page(other) });
});
