// The forms in which a secret may come back in a text that somebody else wrote.

/** As we write it into an address, as URL writes it, as forms do, as it is. */
export function addressForms(secret: string): readonly string[] {
  const text = Buffer.from(secret).toString(); // half a character has no form in an address
  const encoded = encodeURIComponent(text);
  return [encoded, encoded.replaceAll("'", "%27"), new URLSearchParams({ s: text }).toString().slice(2), secret];
}

/** Without its quotes. */
export function jsonForm(secret: string): string {
  return JSON.stringify(secret).slice(1, -1);
}

/** Without the signs that fill it up. */
export function base64Form(secret: string): string {
  return Buffer.from(secret).toString("base64").replace(/=+$/, "");
}
