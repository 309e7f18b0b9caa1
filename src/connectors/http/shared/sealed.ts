// Tokens at rest: readable only with the secret of the project that they follow from, and found only by it. Whoever reads the file learns nothing.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";

export interface Seal {
  /** Under which name it is kept. */
  readonly name: string;
  seal(value: unknown): string;
  /** Undefined for what was sealed with something else. */
  open(sealed: string | undefined): unknown;
}

export function sealFor(purpose: string, secrets: readonly string[]): Seal {
  const digest = (use: string): Buffer =>
    createHash("sha256")
      .update(JSON.stringify([use, purpose, ...secrets]))
      .digest();
  const key = digest("key");
  return {
    name: `${purpose.slice(0, 80)}#${digest("name").toString("hex").slice(0, 16)}`,
    seal(value) {
      const iv = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key, iv);
      const text = Buffer.concat([cipher.update(JSON.stringify(value), "utf8"), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), text]).toString("base64");
    },
    open(sealed) {
      if (sealed === undefined) return undefined;
      try {
        const bytes = Buffer.from(sealed, "base64");
        const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12), { authTagLength: 16 });
        decipher.setAuthTag(bytes.subarray(12, 28));
        return JSON.parse(Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString("utf8"));
      } catch {
        return undefined;
      }
    },
  };
}
