# One load by dlt, as its documentation shows it, into a new DuckDB file: what=csv|postgres, where from, file to write.
import sys
import dlt

what, source, target = sys.argv[1:4]
pipeline = dlt.pipeline("peer", destination=dlt.destinations.duckdb(target), dataset_name="raw", pipelines_dir=target + ".state")
if what == "csv":
    from dlt.sources.filesystem import filesystem, read_csv_duckdb

    rows = (filesystem(bucket_url=source, file_glob="*.csv") | read_csv_duckdb(use_pyarrow=True)).with_name("rows")
else:
    from dlt.sources.sql_database import sql_table

    rows = sql_table(credentials=source, table="orders", backend="pyarrow", chunk_size=100_000)
pipeline.run(rows).raise_on_failed_jobs()
