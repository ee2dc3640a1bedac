"""Reads Delta tables with one reader and writes what it found as plain Parquet files, for comparison.

    delta.py deltalake|duckdb|polars|spark ROOT OUT WANT...

Each WANT is TABLE, the table as it is, TABLE@VERSION, as it was, or TABLE@FROM..TO, its change feed. The rows go to the
file OUT/WANT.parquet, or to files in that directory. Tables are directories below ROOT: a path, or s3://BUCKET with the
credentials in AWS_* and the server in AWS_ENDPOINT_URL.
"""

import glob
import os
import re
import sys

import duckdb
import pyarrow
import pyarrow.parquet


def read_deltalake(root, out, version=None, changes=None):
    from deltalake import DeltaTable

    options = {"aws_allow_http": "true", "aws_endpoint": os.environ["AWS_ENDPOINT_URL"]} if root.startswith("s3:") else None
    table = DeltaTable(root, version=version, storage_options=options)
    if changes:
        rows = pyarrow.table(table.load_cdf(starting_version=changes[0], ending_version=changes[1]).read_all())
    else:
        rows = table.to_pyarrow_table()
    pyarrow.parquet.write_table(rows, out)


def read_polars(root, out, version=None, changes=None):
    import polars

    polars.scan_delta(root, version=version).collect().write_parquet(out)


def load(connection, extension):
    """Loads an extension from PyPI, as there is no network in which DuckDB could install it."""
    connection.execute("LOAD '" + glob.glob(os.path.join(sys.prefix, "lib*/python*/site-packages/duckdb_ext/extensions/*/*/" + extension + ".duckdb_extension"))[0] + "'")


def connect_duckdb():
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    load(connection, "delta")
    connection.execute("SET TimeZone = 'America/New_York'")  # a time mistaken for local time is noticed
    return connection


def read_duckdb(root, out, version=None, changes=None):
    connection = connect_duckdb()
    scan = f"delta_scan('{root}')"
    if version is not None:
        connection.execute(f"ATTACH '{root}' AS earlier (TYPE delta, VERSION {version})")
        scan = "earlier"
    connection.execute(f"COPY (SELECT * FROM {scan}) TO '{out}' (FORMAT parquet)")


def connect_spark():
    os.environ["TZ"] = "UTC"
    from pyspark.sql import SparkSession

    jars = glob.glob(os.path.join(os.path.dirname(sys.prefix), "jars", "*.jar"))
    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.jars", ",".join(jars))
        .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
        .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
        .config("spark.sql.session.timeZone", "America/New_York")
        .config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
        .config("spark.databricks.delta.snapshotPartitions", "2")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def read_spark(root, out, version=None, changes=None):
    reader = connect_spark().read.format("delta")
    if version is not None:
        reader = reader.option("versionAsOf", version)
    if changes:
        reader = reader.option("readChangeFeed", "true").option("startingVersion", changes[0]).option("endingVersion", changes[1])
    reader.load(root).coalesce(1).write.parquet(out)


READERS = {"deltalake": read_deltalake, "duckdb": read_duckdb, "polars": read_polars, "spark": read_spark}


def main(reader, root, out, *wants):
    for want in wants:
        table, at, first, _, last = re.fullmatch(r"(\w+)(@)?(\d+)?(\.\.)?(\d+)?", want).groups()
        asked = {}
        if last:
            asked = {"changes": (int(first), int(last))}
        elif at:
            asked = {"version": int(first)}
        READERS[reader](root.rstrip("/") + "/" + table, os.path.join(out, want + ".parquet"), **asked)


if __name__ == "__main__":
    main(*sys.argv[1:])
