// Reading a request's body up to a limit: what is longer is refused when its length is told, or as soon as it has come so far; it is never held.

/** The body, or null when it is longer than `bytesMax`. */
export async function readBody(request: Request, bytesMax: number): Promise<Uint8Array | null> {
  const told = Number(request.headers.get("content-length") ?? 0);
  if (told > bytesMax) return null;
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = request.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks, bytes);
    bytes += value.length;
    if (bytes > bytesMax) {
      await reader.cancel().catch(() => undefined); // the connection may be gone already
      return null;
    }
    chunks.push(value);
  }
}
