// What every connector promises, as tests that its author runs with a place of his own (a real server, a folder):
//   C1. A key of its options that nobody knows is refused. C2. Every row is read once, with its values. C3. Nothing there is no rows, or an error that says so.
//   C4. What did not change reads as the same contents, and `state` tells the same. C5. An aborted read ends. C6. What is wrong is a MillraceError, without a secret.
//   C7. A read that continues after a position gives exactly the rest. C8. What is discovered can be read.
//   W1. Replace leaves exactly the rows. W2. Append adds them once per token. W3. Merge and delete go by key. W4. A query that fails leaves what was there.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { load } from "../load/load.ts";
import type { Connector, Delivery, Json, ReadContext, RowsDelivery, WriteMode } from "../load/connector.ts";
import { sourceSpec } from "../model/definitions/source.ts";
import { MillraceError } from "../model/errors.ts";
import { openWarehouse, type Warehouse } from "../sql/warehouse.ts";

/** A row of the suite: integers, text with quotes and letters of all kinds, nothing. */
export interface SuiteRow {
  readonly id: number;
  readonly name: string | null;
}

type Connections = ReadContext["connections"];

export interface ConnectorCase<Options> {
  readonly connector: Connector<Options>;
  readonly connections?: () => Connections;
  /** Where it reads from; left out for a connector that only writes. */
  readonly source?: {
    /** Puts exactly these rows there, by other means than the connector, and says how to read them. */
    put(rows: readonly SuiteRow[]): Promise<Options>;
    /** Settings that cannot work, and a secret among them that must not be shown. */
    wrong(): { readonly options: Options; readonly connections?: Connections; readonly secret: string };
  };
  /** Where it writes to; left out for one that only reads. */
  readonly destination?: {
    /** Options of an empty place. */
    fresh(): Promise<Options>;
    /** The rows that stand there, read by other means than the connector. */
    rows(options: Options): Promise<readonly SuiteRow[]>;
  };
}

const ROWS: readonly SuiteRow[] = [
  { id: 1, name: "plain" },
  { id: 2, name: `quotes ' " and \\ and ; and , and \t tab` },
  { id: 3, name: "größe 名前 🚀" },
  { id: 4, name: null },
  ...Array.from({ length: 2_500 }, (_, index) => ({ id: 5 + index, name: `row ${index}` })),
];
const SECRET_SHOWN = "shows the secret";

/** Registers the tests of one connector. */
export function testConnector<Options>(name: string, given: ConnectorCase<Options>): void {
  const { connector, source, destination } = given;
  describe(`the connector ${name}`, () => {
    const bench = new ConnectorBench(given);
    beforeAll(() => bench.open());
    afterAll(() => bench.close());

    it("refuses a key that nobody knows", () => {
      expect(connector.options.safeParse({ keyThatNobodyKnows: 1 }).success).toBe(false);
    });

    if (source !== undefined && connector.read !== undefined) {
      it("reads every row once, with its values", async () => {
        const options = await source.put(ROWS);
        const result = await bench.load("raw.all", options);
        expect(result.rows).toMatchObject({ read: ROWS.length, loaded: ROWS.length, quarantined: 0, filtered: 0 });
        expect(await bench.rows("raw.all")).toEqual(ROWS);
      });

      it("reads what did not change as the same, and what changed as changed", async () => {
        const options = await source.put(ROWS);
        expect((await bench.load("raw.same", options)).changed).toBe(true);
        const state = await bench.state(options);
        expect((await bench.load("raw.same", options)).changed).toBe(false);
        if (state != null) expect(await bench.state(options)).toBe(state);
        const changed = await source.put([...ROWS.slice(0, -1), { id: 9_999, name: "changed" }]);
        if (state != null) expect(await bench.state(changed)).not.toBe(state);
        expect((await bench.load("raw.same", changed)).changed).toBe(true);
      });

      it("takes an empty place for no rows, or says what is missing", async () => {
        const options = await source.put([]);
        const outcome = await bench.load("raw.none", options).catch((error: unknown) => error);
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(MillraceError);
        else expect(outcome).toMatchObject({ rows: { read: 0, loaded: 0 } });
      });

      it("ends when it is told to", async () => {
        const options = await source.put(ROWS);
        const stop = new AbortController();
        stop.abort(new Error("enough"));
        await expect(bench.load("raw.stopped", options, stop.signal)).rejects.toThrow();
      });

      it("says what is wrong as an error of its own, without the secret", async () => {
        const { options, connections, secret } = source.wrong();
        const failure = await bench.load("raw.wrong", options, undefined, connections).catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(MillraceError);
        const { message, hint = "", cause } = failure as MillraceError;
        const text = `${message} ${hint} ${String(cause)} ${JSON.stringify(failure)}`;
        expect(text.includes(secret) ? SECRET_SHOWN : "").toBe("");
        if (connector.test === undefined) return;
        const tested = await bench
          .within((context) => connector.test!(options, context), undefined, connections)
          .catch((error: unknown) => error);
        expect(tested).toBeInstanceOf(MillraceError);
        expect(String(tested).includes(secret) ? SECRET_SHOWN : "").toBe("");
      });

      if (connector.capabilities.resume === true) {
        it("continues after a position with exactly the rest", async () => {
          const options = await source.put(ROWS);
          const whole = await bench.pages(options);
          expect(idsOf(whole)).toEqual(ROWS.map(({ id }) => id));
          for (const [index, page] of whole.entries()) {
            if (page.position === undefined || index % 3 !== 0) continue;
            const rest = await bench.pages(options, page.position);
            expect(idsOf([...whole.slice(0, index + 1), ...rest])).toEqual(idsOf(whole));
          }
        });
      }

      if (connector.discover !== undefined) {
        it("discovers what can be read", async () => {
          const options = await source.put(ROWS);
          const found = await bench.within((context) => connector.discover!(options, context));
          expect(found.length).toBeGreaterThan(0);
          for (const one of found) expect(connector.options.safeParse({ ...options, ...one.options }).success).toBe(true);
        });
      }
    }

    if (destination !== undefined && connector.write !== undefined) {
      const modes = connector.capabilities.write;
      const first = ROWS.slice(0, 100);
      if (modes.includes("replace"))
        it("replaces: exactly the rows stand there", async () => {
          const options = await destination.fresh();
          expect(await bench.write(options, "replace", first, "t1")).toMatchObject({ rows: first.length });
          expect(byId(await destination.rows(options))).toEqual(first);
          await bench.write(options, "replace", ROWS.slice(50, 60), "t2");
          expect(byId(await destination.rows(options))).toEqual(ROWS.slice(50, 60));
          await expect(bench.writeQuery(options, "replace", "select 1 as id, error('no') as name", "t3")).rejects.toThrow();
          expect(byId(await destination.rows(options))).toEqual(ROWS.slice(50, 60));
        });

      if (modes.includes("append"))
        it("appends once per token", async () => {
          const options = await destination.fresh();
          for (const token of ["a", "a", "b"]) {
            await bench.write(options, "append", token === "a" ? first.slice(0, 50) : first.slice(50), token);
          }
          expect(byId(await destination.rows(options))).toEqual(first);
        });

      if (modes.includes("merge"))
        it("merges by key", async () => {
          const options = await destination.fresh();
          await bench.write(options, "merge", first, "m1");
          const changed = [
            { id: 3, name: "changed" },
            { id: 5_000, name: "new" },
          ];
          await bench.write(options, "merge", changed, "m2");
          await bench.write(options, "merge", changed, "m2");
          expect(byId(await destination.rows(options))).toEqual([...first.map((row) => (row.id === 3 ? changed[0] : row)), changed[1]]);
        });

      if (modes.includes("delete"))
        it("deletes by key", async () => {
          const options = await destination.fresh();
          await bench.write(options, modes.includes("merge") ? "merge" : "append", first, "d1");
          await bench.write(options, "delete", [first[4]!, { id: 777_777, name: "never there" }], "d2");
          expect(byId(await destination.rows(options))).toEqual(first.filter(({ id }) => id !== first[4]!.id));
        });
    }
  });
}

function byId(rows: readonly SuiteRow[]): readonly SuiteRow[] {
  return rows.toSorted((a, b) => a.id - b.id);
}

function idsOf(pages: readonly RowsDelivery[]): readonly number[] {
  return pages.flatMap(({ rows }) => rows.map((row) => Number(row["id"])));
}

class ConnectorBench<Options> {
  private readonly given: ConnectorCase<Options>;
  private folder = "";
  private warehouse: Warehouse | undefined;
  private runs = 0;

  constructor(given: ConnectorCase<Options>) {
    this.given = given;
  }

  async open(): Promise<void> {
    this.folder = mkdtempSync(join(tmpdir(), "millrace-connector-"));
    this.warehouse = await openWarehouse({ path: join(this.folder, "warehouse.duckdb") });
  }

  close(): void {
    this.warehouse?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Calls with a context whose connection is open meanwhile. */
  within<Result>(
    use: (context: ReadContext) => Promise<Result>,
    signal: AbortSignal = new AbortController().signal,
    connections: Connections = this.given.connections?.() ?? {},
  ): Promise<Result> {
    const { folder } = this;
    return this.warehouse!.session(({ connection }) =>
      use({ connection, projectDir: folder, tempDir: folder, since: undefined, signal, connections, log: () => {} }),
    );
  }

  async state(options: Options): Promise<string | null> {
    return (await this.within(async (context) => this.given.connector.state?.(options, context))) ?? null;
  }

  load(asset: string, options: Options, signal?: AbortSignal, connections?: Connections): ReturnType<typeof load> {
    return this.within(
      (context) =>
        load(this.warehouse!, {
          asset,
          spec: sourceSpec.parse({ from: {}, load: "replace" }),
          deliveries: this.given.connector.read!(options, context),
          token: { run: `r_${++this.runs}`, node: asset, attempt: 1 },
          codeHash: "code",
          sourceState: null,
          audit: () => Promise.resolve({ results: [] }),
          repair: "note",
          fullRefresh: false,
          tempDir: this.folder,
          ...(signal === undefined ? {} : { signal }),
        }),
      signal,
      connections,
    );
  }

  rows(asset: string): Promise<readonly SuiteRow[]> {
    return this.warehouse!.session((session) => session.rows<SuiteRow>(`select id::integer as id, name from ${asset} order by id`));
  }

  async pages(options: Options, resume?: Json): Promise<readonly RowsDelivery[]> {
    return this.within(async (context) => {
      const pages: RowsDelivery[] = [];
      const from = resume === undefined ? context : { ...context, resume };
      const deliveries: AsyncIterable<Delivery> = this.given.connector.read!(options, from);
      for await (const delivery of deliveries) if (delivery.kind === "rows") pages.push(delivery);
      return pages;
    });
  }

  write(options: Options, mode: WriteMode, rows: readonly SuiteRow[], token: string): Promise<{ readonly rows: number }> {
    const text = (value: string | null): string => (value === null ? "null" : `'${value.replaceAll("'", "''")}'`);
    return this.writeQuery(
      options,
      mode,
      `select * from (values ${rows.map(({ id, name }) => `(${id}, ${text(name)}::varchar)`).join(", ")}) t(id, name)`,
      token,
    );
  }

  writeQuery(options: Options, mode: WriteMode, query: string, token: string): Promise<{ readonly rows: number }> {
    return this.within((context) => this.given.connector.write!(options, { ...context, query, mode, key: ["id"], token }));
  }
}
