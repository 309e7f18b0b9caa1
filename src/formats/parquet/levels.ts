// Repetition levels of a page: runs and bit-packed groups (the hybrid encoding), counted without being kept.

/** How many of the `count` levels are 0 (beginnings of rows), and the first one. Throws when the bytes do not hold `count` levels. */
export function levelsOf(bytes: Buffer, levelMax: number, count: number): { readonly zeros: number; readonly first: number } {
  const width = Math.ceil(Math.log2(levelMax + 1));
  const seen = { levels: 0, zeros: 0, first: -1 };
  const take = (level: number, times: number): void => {
    if (seen.levels === 0) seen.first = level;
    if (level === 0) seen.zeros += times;
    seen.levels += times;
  };
  for (let at = 0; seen.levels < count;) {
    const left = count - seen.levels;
    let header = 0;
    let factor = 1;
    for (let byte = 128; byte >= 128; factor *= 128) {
      if (at >= bytes.length) throw new Error(`the page has ${seen.levels} levels, its header says ${count}`);
      byte = bytes[at++] ?? 0;
      header += (byte & 127) * factor;
    }
    if (header % 2 === 0) {
      if (at >= bytes.length) throw new Error("a run of levels without its level");
      const times = Math.min(header / 2, left);
      if (times === 0) throw new Error("an empty run of levels");
      take(bytes[at++] ?? 0, times);
      continue;
    }
    const packed = ((header - 1) / 2) * 8;
    const times = Math.min(packed, left);
    if (times === 0 || times > Math.floor(((bytes.length - at) * 8) / width)) throw new Error("bit-packed levels end too early");
    for (let i = 0; i < times; i++) take(bits(bytes, at * 8 + i * width, width), 1);
    at += (packed / 8) * width;
  }
  return { zeros: seen.zeros, first: seen.first };
}

function bits(bytes: Buffer, from: number, width: number): number {
  let value = 0;
  for (let i = 0; i < width; i++) if (((bytes[(from + i) >> 3] ?? 0) >> ((from + i) & 7)) & 1) value |= 1 << i;
  return value;
}
