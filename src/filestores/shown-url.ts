// An address as it may be shown: without user, password and what its parameters keep secret.

const SHOWN_CHARS_MAX = 500;
const SECRET_NAME = /key|token|secret|passw|signature|^sig$|^se$|^sp$|auth|credential|session|cookie/i;

export function shownUrl(url: URL): string {
  const copy = new URL(url);
  copy.username = "";
  copy.password = "";
  copy.hash = "";
  for (const name of new Set(url.searchParams.keys())) if (SECRET_NAME.test(name)) copy.searchParams.set(name, "***");
  return copy.href.slice(0, SHOWN_CHARS_MAX);
}
