// xz: `xz-decompress` (WebAssembly) decodes and checks blocks, index and checksums, of several streams one after another too.
import type { FileHandle } from "node:fs/promises";
import type { XzReadableStream } from "xz-decompress";

const READ_BYTES = 256 << 10;

const REASONS: Readonly<Record<string, string>> = {
  3: "it needs more memory than there is",
  4: "its dictionary is larger than can be read",
  5: "something that is no xz stream stands in it",
  6: "it uses a filter that cannot be read",
  7: "its data or a checksum are wrong",
  8: "it ends early",
};

/** The contents, piece by piece. Throws an Error that says what is wrong with the bytes. */
export async function* expandXz(file: FileHandle, sizeBytes: number): AsyncGenerator<Uint8Array> {
  const { default: xz } = (await import("xz-decompress")) as unknown as {
    readonly default: { readonly XzReadableStream: typeof XzReadableStream };
  };
  let at = 0;
  const compressed = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(READ_BYTES, sizeBytes - at)), 0, undefined, at);
      at += bytesRead;
      if (bytesRead > 0) controller.enqueue(buffer.subarray(0, bytesRead));
      else controller.close();
    },
  });
  try {
    yield* new xz.XzReadableStream(compressed) as unknown as AsyncIterable<Uint8Array>;
  } catch (error) {
    const code = error instanceof Error ? /error code (\d+)/.exec(error.message)?.[1] : undefined;
    throw new Error((code === undefined ? undefined : REASONS[code]) ?? "its data are wrong", { cause: error });
  }
}
