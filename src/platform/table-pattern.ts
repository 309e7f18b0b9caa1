// Patterns of tables: `public.*`, `shop_??`, `!*.tmp_*`. Letter case makes no difference; a pattern without a dot is held against the bare name too.
/** Tells whether a table is meant by a pattern or several: one of them matches and no `!…` does. */
export function tableMatcher(patterns: string | readonly string[]): (name: string) => boolean {
  const all = [patterns]
    .flat()
    .flatMap((text) => text.split(","))
    .map((text) => text.trim())
    .filter((text) => text !== "");
  const wanted = all.filter((text) => !text.startsWith("!")).map(patternTest);
  const excluded = all.filter((text) => text.startsWith("!")).map((text) => patternTest(text.slice(1)));
  return (name) => (wanted.length === 0 || wanted.some((test) => test(name))) && !excluded.some((test) => test(name));
}

function patternTest(pattern: string): (name: string) => boolean {
  const source = pattern.replaceAll(/[.*+?^${}()|[\]\\]/g, (letter) =>
    letter === "*" ? "[^.]*" : letter === "?" ? "[^.]" : `\\${letter}`,
  );
  const whole = new RegExp(`^${source}$`, "iu");
  return pattern.includes(".")
    ? (name) => whole.test(name)
    : (name) => whole.test(name) || whole.test(name.slice(name.lastIndexOf(".") + 1));
}
