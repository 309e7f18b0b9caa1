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
