// Libraries that come without types: what we use of them.

/** Contents of a block of snappy. Throws for damage, and for contents of more than `bytesMax`. */
export async function loadSnappy(): Promise<{
  readonly uncompress: (packed: Uint8Array, bytesMax?: number) => Uint8Array;
  readonly compress: (contents: Uint8Array) => Uint8Array;
}> {
  // @ts-expect-error -- the package has no declarations
  const module = (await import("snappyjs")) as unknown as {
    uncompress(packed: Uint8Array, bytesMax?: number): Uint8Array;
    compress(contents: Uint8Array): Uint8Array;
  };
  return { uncompress: (packed, bytesMax) => module.uncompress(packed, bytesMax), compress: (contents) => module.compress(contents) };
}

/** Contents of a file of bzip2. */
export async function loadBzip(): Promise<(packed: Uint8Array) => Uint8Array> {
  // @ts-expect-error -- the package has no declarations
  const module = (await import("seek-bzip")) as unknown as { readonly default: { decode(packed: Uint8Array): Uint8Array } };
  return (packed) => module.default.decode(packed);
}
