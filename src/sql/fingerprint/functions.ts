// What fingerprints know of DuckDB's functions. A test holds the first list against the functions of the DuckDB that is installed.

/** Their value differs although nothing that is read does, or depends on the session: a query that calls one has no fingerprint. */
export const UNSTEADY_FUNCTIONS = new Set(
  `current_connection_id current_database current_date current_query current_query_id current_schema current_schemas current_setting
   current_transaction_id currval gen_random_uuid get_current_time get_current_timestamp getenv getvariable in_search_path nextval now random
   setseed sleep_ms stats today transaction_timestamp txid_current uuid uuidv4 uuidv7 write_log`.split(/\s+/),
);

/** Aggregates that give the same in whatever order their rows come. All others are taken to depend on it. */
export const ORDERLESS_AGGREGATES = new Set(
  `approx_count_distinct avg bit_and bit_or bit_xor bool_and bool_or corr count count_if count_star countif covar_pop covar_samp entropy favg
   fsum histogram histogram_exact kahan_sum kurtosis kurtosis_pop mad max mean median min product quantile quantile_cont quantile_disc regr_avgx
   regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy sem skewness stddev stddev_pop stddev_samp sum
   sum_no_overflow sumkahan var_pop var_samp variance`.split(/\s+/),
);

/** Window functions that give the same to rows that their order does not tell apart. */
export const ORDERLESS_WINDOWS = new Set(["WINDOW_RANK", "WINDOW_RANK_DENSE", "WINDOW_PERCENT_RANK", "WINDOW_CUME_DIST"]);

/** Functions that give rows and nothing but their arguments counts. */
export const STEADY_TABLE_FUNCTIONS = new Set(["range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree"]);
