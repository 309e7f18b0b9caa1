// Names of streams, tables and rows as a database can keep them: texts of PostgreSQL hold no U+0000, those of SQLite end there when they are read.

export function encodeName(name: string): string {
  return /[\\\0]/.test(name) ? name.replaceAll("\\", "\\\\").replaceAll("\0", "\\0") : name;
}

export function decodeName(text: string): string {
  return text.includes("\\") ? text.replaceAll(/\\(.)/g, (_, char: string) => (char === "0" ? "\0" : char)) : text;
}
