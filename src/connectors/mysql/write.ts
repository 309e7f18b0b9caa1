// MySQL and MariaDB as a destination. DDL commits there by itself: a replace is one RENAME, noted right behind it; doing it twice gives the same table.
import type { WriteContext, WriteResult } from "../../load/connector.ts";
import { allRows } from "../../databases/read.ts";
import { type Destination, type Swap, writeTable } from "../../databases/write.ts";
import { using } from "../../databases/using.ts";
import { Mysql, quotedText } from "./database.ts";
import { mysqlDialect } from "./dialect.ts";
import type { MysqlOptions } from "./options.ts";

export function writeMysql(options: MysqlOptions, context: WriteContext): Promise<WriteResult> {
  return using(Mysql.connect(options), (database) => writeTable(destinationOf(database), options, context, "mysql"));
}

function destinationOf(database: Mysql): Destination {
  const execute = async (sql: string): Promise<void> => {
    await database.run(sql);
  };
  return {
    dialect: mysqlDialect,
    execute,
    async scalar(sql) {
      const [row] = await allRows(database, sql);
      return row?.[0] === null || row?.[0] === undefined ? null : String(row[0]);
    },
    async columnsOf(path) {
      const schema = path.length > 1 ? quotedText(path[0]!) : "database()";
      const rows = await allRows(
        database,
        `select column_name from information_schema.columns where table_schema = ${schema} and table_name = ${quotedText(path.at(-1)!)}`,
      );
      return rows.length === 0 ? undefined : rows.map(([name]) => String(name));
    },
    begin: () => execute("start transaction"),
    commit: () => execute("commit"),
    rollback: () => execute("rollback"),
    swap: ({ stage, table, old, exists, note }: Swap) => swapTables(execute, { stage, table, old, exists, note }),
    createLedger: (table) =>
      execute(
        `create table if not exists ${table} (token varchar(255) not null primary key, \`rows\` bigint not null, at datetime(6) not null) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_bin`,
      ),
    close: () => database.close(),
  };
}

async function swapTables(execute: (sql: string) => Promise<void>, { stage, table, old, exists, note }: Omit<Swap, "bare">): Promise<void> {
  if (exists) {
    await execute(`drop table if exists ${old}`);
    await execute(`rename table ${table} to ${old}, ${stage} to ${table}`);
  } else await execute(`rename table ${stage} to ${table}`);
  await execute(note);
  if (exists) await execute(`drop table ${old}`);
}
