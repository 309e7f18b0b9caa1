// Words that stand for "no value" when the user names them: compared without the blanks around the cell.

const SPACE = 32;

export class NullWords {
  private readonly words: readonly Buffer[];
  private readonly lengthMax: number;

  constructor(words: readonly string[]) {
    this.words = words.map((word) => Buffer.from(word.trim())).filter((word) => word.length > 0);
    this.lengthMax = Math.max(0, ...this.words.map((word) => word.length));
  }

  get isEmpty(): boolean {
    return this.words.length === 0;
  }

  has(bytes: Uint8Array, from: number, to: number): boolean {
    let start = from;
    let end = to;
    while (start < end && bytes[start] === SPACE) start++;
    while (end > start && bytes[end - 1] === SPACE) end--;
    if (end - start > this.lengthMax) return false;
    return this.words.some((word) => word.length === end - start && word.equals(bytes.subarray(start, end)));
  }
}
