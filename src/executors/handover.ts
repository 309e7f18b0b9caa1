// One value at a time from who makes them to who takes them: `put` resolves when the value was taken, so the maker is never more than one ahead.

export interface Handover<Value> {
  /** Resolves when the value was taken, or when nobody will. */
  put(value: Value): Promise<void>;
  /** No more come. */
  end(): void;
  fail(error: unknown): void;
  readonly taken: AsyncIterable<Value>;
}

export function createHandover<Value>(): Handover<Value> {
  const offered: { readonly value: Value; readonly taken: () => void }[] = [];
  let over: { readonly error?: unknown; readonly failed: boolean } | undefined;
  let wake = (): void => {};
  const finish = (how: { readonly error?: unknown; readonly failed: boolean }): void => {
    over ??= how;
    wake();
  };
  async function* taken(): AsyncGenerator<Value> {
    for (;;) {
      const next = offered.shift();
      if (next !== undefined) {
        next.taken();
        yield next.value;
      } else if (over !== undefined) {
        if (over.failed) throw over.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }
  return {
    put: (value) =>
      new Promise((resolve) => {
        offered.push({ value, taken: resolve });
        wake();
      }),
    end() {
      finish({ failed: false });
      for (const { taken: release } of offered) release();
    },
    fail: (error) => finish({ error, failed: true }),
    taken: taken(),
  };
}
