// SQL Server as a destination: DDL is part of its transactions, so that a swap and its note are one commit.
import type { WriteContext, WriteResult } from "../../load/connector.ts";
import { using } from "../../databases/using.ts";
import { type Destination, type Swap, writeTable } from "../../databases/write.ts";
import { Mssql } from "./database.ts";
import { mssqlDialect } from "./dialect.ts";
import type { MssqlOptions } from "./options.ts";

export function writeMssql(options: MssqlOptions, context: WriteContext): Promise<WriteResult> {
  return using(Mssql.connect(options), (database) => writeTable(destinationOf(database), options, context, "mssql"));
}

function destinationOf(database: Mssql): Destination {
  const execute = (sql: string): Promise<void> => database.run(sql);
  return {
    dialect: mssqlDialect,
    execute,
    async scalar(sql) {
      const [row] = await database.values(sql);
      return row?.[0] === null || row?.[0] === undefined ? null : String(row[0]);
    },
    async columnsOf(path) {
      const name = path.map((part) => mssqlDialect.quote(part)).join(".");
      const rows = await database.values(
        `select name from sys.columns where object_id = object_id(${nationalText(name)}) order by column_id`,
      );
      return rows.length === 0 ? undefined : rows.map(([column]) => String(column));
    },
    begin: () => database.begin(),
    commit: () => database.commit(),
    rollback: () => database.rollback(),
    async swap(swap) {
      await database.begin();
      try {
        for (const statement of swapStatements(swap)) await execute(statement);
        await database.commit();
      } catch (error) {
        await database.rollback().catch(() => {}); // the first error is the one to tell
        throw error;
      }
    },
    createLedger: (table) => execute(ledgerStatement(table)),
    close: () => database.close(),
  };
}

export function swapStatements({ stage, table, exists, note, bare }: Swap): readonly string[] {
  return [...(exists ? [`drop table ${table}`] : []), `exec sp_rename ${nationalText(stage)}, ${nationalText(bare)}`, note];
}

export function ledgerStatement(table: string): string {
  return `if object_id(${nationalText(table)}) is null create table ${table} ([token] nvarchar(255) not null primary key, [rows] bigint not null, [at] datetime2 not null)`;
}

function nationalText(text: string): string {
  return `N'${text.replaceAll("'", "''")}'`;
}
