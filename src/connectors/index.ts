// The registry of connectors.
import type { Connector } from "../load/connector.ts";
import { files } from "./files/index.ts";
import { http } from "./http/index.ts";
import { postgres } from "./postgres/index.ts";
import { s3 } from "./s3/index.ts";
import { service } from "./service/index.ts";
import { singer } from "./singer/index.ts";
import { clickhouse } from "./clickhouse/index.ts";
import { duckdb } from "./duckdb/index.ts";
import { mssql } from "./mssql/index.ts";
import { mysql } from "./mysql/index.ts";
import { sqlite } from "./sqlite/index.ts";
import { trino } from "./trino/index.ts";
import { azure } from "./azure/index.ts";
import { ftp } from "./ftp/index.ts";
import { sftp } from "./sftp/index.ts";
import { gcs } from "./gcs/index.ts";
import { email } from "./email/index.ts";

export const connectors = {
  files,
  http,
  postgres,
  s3,
  service,
  singer,
  clickhouse,
  duckdb,
  mssql,
  mysql,
  sqlite,
  trino,
  azure,
  ftp,
  sftp,
  email,
  gcs,
} satisfies Record<string, Connector>;
