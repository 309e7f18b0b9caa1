// Light or dark: as the system says until somebody chooses. A page that was opened as a file may have no place to keep that.
const KEY = "millrace-catalogue-theme";

export function showTheme(): void {
  const kept = read();
  if (kept !== null) document.documentElement.dataset["theme"] = kept;
}

export function nextTheme(): void {
  const isDark =
    (document.documentElement.dataset["theme"] ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const next = isDark ? "light" : "dark";
  document.documentElement.dataset["theme"] = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // it holds for this page
  }
}

function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
