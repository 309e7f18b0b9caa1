// Two short forms of long lists: runs of equal letters (`31p2mf`), and texts that share beginnings with the one before (model/grid-answers.ts).

/** Of numbers, each told by its letter. */
export function runLengths(numbers: Uint8Array, letters: string): string {
  let text = "";
  for (let at = 0; at < numbers.length;) {
    let end = at + 1;
    while (end < numbers.length && numbers[end] === numbers[at]) end++;
    text += `${end - at === 1 ? "" : end - at}${letters[numbers[at]!]}`;
    at = end;
  }
  return text;
}

/** The numbers again, so many. */
export function numbersOf(text: string, letters: string, count: number): Uint8Array {
  const numbers = new Uint8Array(count);
  let at = 0;
  for (const [, length, letter] of text.matchAll(/(\d*)(\D)/g)) {
    const end = at + (length === "" ? 1 : Number(length));
    numbers.fill(letters.indexOf(letter!), at, end);
    at = end;
  }
  return numbers;
}

const SHARED_MAX = 35;

export function frontCoded(texts: readonly string[]): string {
  let before = "";
  return texts
    .map((text) => {
      const most = Math.min(SHARED_MAX, before.length, text.length);
      let shared = 0;
      while (shared < most && before[shared] === text[shared]) shared++;
      before = text;
      return `${shared.toString(36)}${text.slice(shared)}`;
    })
    .join("\n");
}
