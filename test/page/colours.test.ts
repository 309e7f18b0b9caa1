// Fills of statuses, as the browser renders them, keep their distance for every kind of colour vision. The simulation (Machado, Oliveira and Fernandes 2009, full
// severity) and OKLab are computed here from their published numbers.
import { afterAll, beforeAll, expect, it } from "vitest";
import { openStage, type Stage } from "./stage.ts";
import { walkOn } from "./walk.ts";

const DISTANCE_MIN = 11;
const KINDS = ["ok", "fail", "run", "warn", "late", "idle"] as const;

type Triple = readonly [number, number, number];
type Matrix = readonly [Triple, Triple, Triple];

const VISIONS: Readonly<Record<string, Matrix>> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protan: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deutan: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritan: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage?.close());

it.each(["light", "dark"] as const)("fills of statuses differ in %s for every colour vision", async (colorScheme) => {
  const { page, close } = await stage.visit({ colorScheme });
  const walk = walkOn(page);
  await page.goto(stage.url());
  const rendered = new Map<string, Triple>();
  // Signs, bars of runs, and the pixels of the heat map.
  for (const address of ["/", "/runs", "/assets", "/inbox", "/quality", "/partitions"]) {
    await walk.go(address);
    const seen = await page.evaluate(
      (kinds) =>
        kinds.flatMap((kind) => [
          ...[...document.querySelectorAll(`.shape.${kind}`)].map((shape) => [`${kind} sign`, getComputedStyle(shape).color] as const),
          ...[...document.querySelectorAll(`.mark.${kind}`)].map(
            (mark) => [`${kind} bar`, getComputedStyle(mark).backgroundColor] as const,
          ),
        ]),
      KINDS,
    );
    for (const [name, colour] of seen) rendered.set(name, bytesOf(colour));
  }
  // What the shop has none of right now is put into the page, so that the styles of the page colour it.
  for (const [name, colour] of await page.evaluate((kinds) => {
    const host = document.querySelector("main")!;
    return kinds.map((kind) => {
      const shape = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      shape.setAttribute("class", `shape ${kind}`);
      host.append(shape);
      return [`${kind} sign`, getComputedStyle(shape).color] as const;
    });
  }, KINDS))
    rendered.set(name, bytesOf(colour));
  expect([...rendered.keys()]).toEqual(expect.arrayContaining(KINDS.map((kind) => `${kind} sign`)));
  const tooNear: string[] = [];
  const all = [...rendered];
  for (const [place, [one, first]] of all.entries())
    for (const [other, second] of all.slice(place + 1))
      for (const [vision, matrix] of Object.entries(VISIONS)) {
        const distance = distanceOf(seenAs(first, matrix), seenAs(second, matrix));
        if (one.split(" ")[0] !== other.split(" ")[0] && distance < DISTANCE_MIN)
          tooNear.push(`${one} and ${other}, ${vision}: ${distance.toFixed(1)}`);
      }
  expect(tooNear).toEqual([]);
  await close();
});

it("the simulation has the distances that are known of two palettes", () => {
  // Green and red of CSS: 13.4 for deutan, 7.0 for protan.
  const [green, red]: readonly [Triple, Triple] = [
    [0, 128, 0],
    [255, 0, 0],
  ];
  const of = (vision: string): number => distanceOf(seenAs(green, VISIONS[vision]!), seenAs(red, VISIONS[vision]!));
  expect([of("deutan"), of("protan")].map((distance) => distance.toFixed(1))).toEqual(["13.4", "7.0"]);
});

function bytesOf(colour: string): Triple {
  const found = /^rgb\((\d+), (\d+), (\d+)\)$/.exec(colour);
  if (found === null) throw new Error(`no opaque colour: ${colour}`);
  return [Number(found[1]), Number(found[2]), Number(found[3])];
}

/** Linear light of a colour as somebody sees it. */
function seenAs(bytes: Triple, matrix: Matrix): Triple {
  const linear = bytes.map((byte) =>
    byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4,
  ) as unknown as Triple;
  return times(matrix, linear).map((value) => Math.min(1, Math.max(0, value))) as unknown as Triple;
}

function distanceOf(one: Triple, other: Triple): number {
  const [first, second] = [oklab(one), oklab(other)];
  return 100 * Math.hypot(first[0] - second[0], first[1] - second[1], first[2] - second[2]);
}

function oklab(linear: Triple): Triple {
  const cones = times(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    linear,
  ).map(Math.cbrt) as unknown as Triple;
  return times(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    cones,
  );
}

function times(matrix: Matrix, [a, b, c]: Triple): Triple {
  return matrix.map(([x, y, z]) => x * a + y * b + z * c) as unknown as Triple;
}
