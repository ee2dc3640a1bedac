"""Reads every table of a dataset with one reader and prints what it found as JSON.

    read.py pyarrow|polars|spark DATASET TABLE=KEY[,KEY] ...

For each table: the number of rows and of distinct keys; for each column the number of values that are not null, their
Python types, and a sum that changes if any value does.
"""

import datetime
import glob
import hashlib
import json
import math
import os
import sys

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def read_pyarrow(dataset):
    import pyarrow.parquet

    def read(table):
        columns = pyarrow.parquet.read_table(os.path.join(dataset, table))
        return {name: columns[name].to_pylist() for name in columns.column_names}

    return read


def read_polars(dataset):
    import polars

    def read(table):
        frame = polars.scan_parquet(os.path.join(glob.escape(dataset), table, "*.parquet")).collect()
        return {name: frame[name].to_list() for name in frame.columns}

    return read


def read_spark(dataset):
    os.environ["TZ"] = "UTC"  # collect() returns local times
    from pyspark.sql import SparkSession

    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")

    def read(table):
        frame = spark.read.parquet(os.path.join(dataset, table))
        instants = {f.name for f in frame.schema.fields if f.dataType.typeName() == "timestamp"}
        columns = {name: [] for name in frame.columns}
        for row in frame.collect():
            for name, value in zip(frame.columns, row):
                if name in instants and value is not None:
                    value = value.replace(tzinfo=datetime.timezone.utc)
                columns[name].append(value)
        return columns

    return read


READERS = {"pyarrow": read_pyarrow, "polars": read_polars, "spark": read_spark}


def as_number(value):
    """Returns the number that a value adds to the sum of its column."""
    if isinstance(value, str):
        return int(hashlib.md5(value.encode()).hexdigest()[:8], 16)
    if isinstance(value, datetime.datetime):
        return (value - EPOCH) // datetime.timedelta(microseconds=1)  # fails for a time without a time zone
    if isinstance(value, datetime.date):
        return (value - EPOCH.date()).days
    return value


def profile(values):
    values = [v for v in values if v is not None]
    types = sorted({type(v).__name__ for v in values})
    numbers = [as_number(v) for v in values]
    return {"count": len(values), "types": types, "sum": math.fsum(numbers) if types == ["float"] else sum(numbers)}


def describe(columns, key):
    keys = list(zip(*(columns[name] for name in key)))
    return {
        "rows": len(keys),
        "keys": len(set(keys)),
        "columns": {name: profile(values) for name, values in columns.items()},
    }


def main(reader, dataset, *tables):
    read = READERS[reader](dataset)
    found = {}
    for table in tables:
        name, _, key = table.partition("=")
        found[name] = describe(read(name), key.split(","))
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
