"""Reads published tables with one reader and writes what it found as plain Parquet, for comparison.

    published.py READER ROOT OUT WANT...

READER is deltalake, duckdb, polars or spark, for Delta tables, or parquet-duckdb or parquet-pyarrow, for tables of plain
files. Tables are directories below ROOT: a path, or s3://BUCKET with the credentials in AWS_* and the server's URL in
AWS_ENDPOINT_URL. Each WANT is TABLE, the table as it is, TABLE@VERSION, as it was, or TABLE@FROM..TO, its change feed. The
rows go to OUT/WANT.parquet: a file, or a directory of files.
"""

import functools
import glob
import os
import re
import sys

import duckdb
import pyarrow.parquet

ENDPOINT = os.environ.get("AWS_ENDPOINT_URL", "")


def deltalake(root, out, version, changes):
    from deltalake import DeltaTable

    options = {"endpoint": ENDPOINT, "allow_http": "true"} if ENDPOINT else None
    table = DeltaTable(root, version=version, storage_options=options)
    if changes:
        rows = pyarrow.table(table.load_cdf(starting_version=changes[0], ending_version=changes[1]).read_all())
    else:
        rows = table.to_pyarrow_table()
    pyarrow.parquet.write_table(rows, out)


def polars(root, out, version, changes):
    import polars

    polars.scan_delta(root, version=version).collect().write_parquet(out)


@functools.cache
def connect(*extensions):
    """Starts a DuckDB with extensions from PyPI, in another time zone, so that a time mistaken for local time is noticed."""
    duck = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    for extension in extensions:
        (file,) = glob.glob(f"{sys.prefix}/lib/python*/site-packages/duckdb_ext/extensions/v{duckdb.__version__}/*/{extension}.duckdb_extension")
        duck.execute(f"LOAD '{file}'")
    duck.execute("SET TimeZone = 'America/New_York'")
    if ENDPOINT:
        key, secret = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
        duck.execute(
            f"CREATE SECRET (TYPE s3, KEY_ID '{key}', SECRET '{secret}', REGION 'us-east-1', ENDPOINT '{ENDPOINT.removeprefix('http://')}', URL_STYLE 'path', USE_SSL false)"
        )
    return duck


def duckdb_delta(root, out, version, changes):
    duck = connect("delta", "httpfs") if ENDPOINT else connect("delta")
    if version is None:
        duck.execute(f"COPY (FROM delta_scan('{root}')) TO '{out}' (FORMAT parquet)")
        return
    duck.execute(f"ATTACH '{root}' AS earlier (TYPE delta, VERSION {version})")
    duck.execute(f"COPY (FROM earlier) TO '{out}' (FORMAT parquet)")
    duck.execute("DETACH earlier")


def duckdb_parquet(root, out, version, changes):
    connect("httpfs").execute(f"COPY (FROM '{root}/*.parquet') TO '{out}' (FORMAT parquet)")


def pyarrow_parquet(root, out, version, changes):
    import pyarrow.dataset
    import pyarrow.fs

    store = pyarrow.fs.S3FileSystem(endpoint_override=ENDPOINT, region="us-east-1")
    rows = pyarrow.dataset.dataset(root.removeprefix("s3://"), filesystem=store, format="parquet").to_table()
    pyarrow.parquet.write_table(rows, out)


def spark(root, out, version, changes):
    reader = session().read.format("delta")
    if version is not None:
        reader = reader.option("versionAsOf", version)
    if changes:
        reader = reader.option("readChangeFeed", "true").option("startingVersion", changes[0]).option("endingVersion", changes[1])
    reader.load(root).coalesce(1).write.parquet(out)


def session():
    """Returns the one Spark, with what jars.txt names from the directory beside the virtual environment."""
    from pyspark.sql import SparkSession

    settings = {
        "spark.jars": ",".join(glob.glob(os.path.join(os.path.dirname(sys.prefix), "jars", "*.jar"))),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.session.timeZone": "America/New_York",
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.sql.shuffle.partitions": "2",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
    }
    builder = SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    found = builder.getOrCreate()
    found.sparkContext.setLogLevel("ERROR")
    return found


READERS = {
    "deltalake": deltalake,
    "duckdb": duckdb_delta,
    "polars": polars,
    "spark": spark,
    "parquet-duckdb": duckdb_parquet,
    "parquet-pyarrow": pyarrow_parquet,
}


def main(reader, root, out, *wants):
    for want in wants:
        table, first, last = re.fullmatch(r"(\w+)(?:@(\d+)(?:\.\.(\d+))?)?", want).groups()
        version, changes = None, None
        if last:
            changes = int(first), int(last)
        elif first:
            version = int(first)
        READERS[reader](f"{root}/{table}", f"{out}/{want}.parquet", version, changes)


if __name__ == "__main__":
    main(*sys.argv[1:])
    if sys.argv[1] != "spark":
        os._exit(0)  # all is written; threads of the readers sometimes abort an interpreter that ends as usual
