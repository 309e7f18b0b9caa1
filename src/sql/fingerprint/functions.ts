// What fingerprints know of DuckDB's functions. A test holds the first list against the functions of the DuckDB that is installed.

/** Their value differs although nothing that is read does, or depends on the session: a query that calls one has no fingerprint. */
export const UNSTEADY_FUNCTIONS = new Set(
  `current_connection_id current_database current_date current_query current_query_id current_schema current_schemas current_setting
   current_transaction_id currval gen_random_uuid get_current_time get_current_timestamp getenv getvariable in_search_path nextval now random
   setseed sleep_ms stats today transaction_timestamp txid_current uuid uuidv4 uuidv7 write_log`.split(/\s+/),
);

/** Functions that give rows and nothing but their arguments counts. */
export const STEADY_TABLE_FUNCTIONS = new Set(["range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree"]);
