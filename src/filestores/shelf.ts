// Keeps the one thing that was opened last, so that whoever asks again (hash, then rows, then rows as text; one member after another) opens it once.

interface Closable {
  /** Never throws. */
  close(): Promise<void>;
}

export class Shelf<Opened extends Closable> {
  private kept: { readonly key: object; readonly opened: Promise<Opened> } | undefined;
  private isClosed = false;

  /** `use` must not keep what was opened. After an error it is opened anew. */
  async use<Result>(key: object, open: () => Promise<Opened>, use: (opened: Opened) => Promise<Result>): Promise<Result> {
    if (this.isClosed) {
      const opened = await open();
      try {
        return await use(opened);
      } finally {
        await opened.close();
      }
    }
    if (this.kept?.key !== key) {
      await this.drop();
      this.kept = { key, opened: open() };
    }
    const { kept } = this;
    try {
      return await use(await kept.opened);
    } catch (error) {
      if (this.kept === kept) await this.drop();
      throw error;
    }
  }

  /** Whatever is opened after this is closed after its use. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.drop();
  }

  private async drop(): Promise<void> {
    const { kept } = this;
    this.kept = undefined;
    const opened = await kept?.opened.catch(() => undefined); // whoever opened it was told
    await opened?.close();
  }
}
