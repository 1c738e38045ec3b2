/**
 * How other programs read the archived events: a text to paste. Each reads the manifests when it runs, so it stays right as the archive grows,
 * and takes a block in place of the segments that it has replaced: the folder alone has these twice for a day.
 */
import { EVENT_COLUMNS } from '@tributary/archive/layout';
import { ofOneName, sqlText } from '@tributary/archive/sql-text';

export const ENGINES = ['duckdb', 'pandas', 'spark'] as const;
export type Engine = (typeof ENGINES)[number];

/** `dataDir`: an absolute path. */
export function attachText(engine: Engine, dataDir: string): string {
  return { duckdb, pandas, spark }[engine](dataDir);
}

function duckdb(dataDir: string): string {
  return `-- Archived events of ${shown(dataDir)}, by its manifests. For DuckDB 1.1 and newer; run the first statement again to see newer segments.
SET VARIABLE tributary_files = (
  WITH manifest AS (
    SELECT * FROM read_json(${sqlText(`${ofOneName(dataDir)}/archive/segments/p*/*.json`)}, format = 'unstructured', hive_partitioning = false,
      columns = {partition: 'INTEGER', number: 'BIGINT', "to": 'BIGINT', files: 'STRUCT(path VARCHAR)[]'})),
  listed AS (
    SELECT unnest(files).path AS path FROM manifest AS one
    WHERE one."to" IS NOT NULL OR NOT EXISTS (
      FROM manifest AS block
      WHERE block.partition = one.partition AND one.number BETWEEN block.number AND block."to"))
  SELECT list(${sqlText(`${ofOneName(dataDir)}/`)} || path) FROM listed);

-- Every arrival, as it lies in the log.
CREATE OR REPLACE VIEW tributary_arrivals AS
  SELECT * FROM read_parquet(getvariable('tributary_files'), union_by_name = true, hive_partitioning = false);

-- Each event once: of one user key and id the first arrival counts. Records of the platform are left out (erasures, messages between keys).
CREATE OR REPLACE VIEW tributary_events AS
  SELECT * FROM tributary_arrivals WHERE NOT starts_with(type, 'tributary.')
  QUALIFY row_number() OVER (PARTITION BY user_key, id ORDER BY position, entry_index) = 1;

SELECT type, count(*) AS events, to_timestamp(max(ts) / 1000) AS newest FROM tributary_events GROUP BY type ORDER BY type;`;
}

/** What Python needs of its own library alone. */
function filesInPython(dataDir: string): string {
  return `import json, pathlib

folder = pathlib.Path(${pythonText(dataDir)})
manifests = [json.loads(path.read_text("utf-8")) for path in folder.glob("archive/segments/p*/*.json")]
blocks = [m for m in manifests if "to" in m]
merged = {(b["partition"], n) for b in blocks for n in range(b["number"], b["to"] + 1)}
files = [str(folder / f["path"]) for m in manifests if "to" in m or (m["partition"], m["number"]) not in merged for f in m["files"]]
`;
}

const PYARROW_TYPES = { VARCHAR: 'pa.string()', BIGINT: 'pa.int64()', INTEGER: 'pa.int32()', BOOLEAN: 'pa.bool_()' } as const;

function pandas(dataDir: string): string {
  const fields = Object.entries(EVENT_COLUMNS).map(([name, type]) => `    (${pythonText(name)}, ${PYARROW_TYPES[type]}),`);
  return `# Archived events of ${shown(dataDir)}, by its manifests. For pandas with pyarrow.
${filesInPython(dataDir)}
import pyarrow as pa
import pyarrow.dataset as ds

# Files of older versions lack the columns that came later: these are null.
schema = pa.schema([
${fields.join('\n')}
])
arrivals = ds.dataset(files, schema=schema, format="parquet")
# Choose columns and rows here, before they are in memory: ds.field("ts") is epoch milliseconds.
events = arrivals.to_table(columns=["user_key", "ts", "type", "id", "channel", "campaign", "value", "currency", "position", "entry_index"]).to_pandas()
# Each event once: of one user key and id the first arrival counts. Records of the platform are left out (erasures, messages between keys).
events = events[~events["type"].str.startswith("tributary.")]
events = events.sort_values(["position", "entry_index"]).drop_duplicates(["user_key", "id"])
print(events.groupby("type").size())`;
}

function spark(dataDir: string): string {
  return `# Archived events of ${shown(dataDir)}, by its manifests. For PySpark; the driver and all workers must see the folder at this path.
${filesInPython(dataDir)}
from pyspark.sql import SparkSession, Window, functions as F

spark = SparkSession.builder.getOrCreate()
# Files of older versions lack the columns that came later: mergeSchema makes them null. The days of the folders' names are left out.
arrivals = spark.read.option("mergeSchema", "true").parquet(*["file://" + file for file in files])
# Each event once: of one user key and id the first arrival counts. Records of the platform are left out (erasures, messages between keys).
first = Window.partitionBy("user_key", "id").orderBy("position", "entry_index")
events = arrivals.where("NOT type LIKE 'tributary.%'").withColumn("_n", F.row_number().over(first)).where("_n = 1").drop("_n")
events.groupBy("type").count().show()`;
}

/** JSON's text is one of Python's, too. */
function pythonText(text: string): string {
  return JSON.stringify(text);
}

/** Within a comment: a name may hold a line end. */
function shown(path: string): string {
  return JSON.stringify(path).slice(1, -1);
}
