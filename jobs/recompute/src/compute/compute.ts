/**
 * Everything a generation holds, computed shard by shard in one DuckDB session; runs in a child process (child/main.ts).
 * Input files are verified against their manifests before they are read (law 7); output files are durable when this returns.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDb, openDuckDb } from '@tributary/archive/duckdb';
import { generationFolder } from '@tributary/archive/generations';
import type { StoredFile } from '@tributary/archive/layout';
import { copyToParquet, GENERATION_PARQUET, keepFile } from '@tributary/archive/parquet';
import { verifyFiles } from '@tributary/archive/verify';
import { type Definitions, parseDefinitions } from '@tributary/model/definitions';
import { sha256Hex } from '@tributary/runtime/definitions';
import { VIEWS } from '@tributary/views/registry';
import { prepareStatements } from '@tributary/views/sql';
import type { View } from '@tributary/views/view';
import { holdsSignalsOnly, MEMBERS, signalsPrefix } from './event-files.ts';
import { filesToMerge } from './merge-files.ts';
import { type Columns, columnList, EVENT_COLUMNS, parquetFiles, quoted, viewColumns } from './relations.ts';
import { computeShard, EVENT } from './shard.ts';
import { shardsOf } from './shards.ts';
import type { ComputeResult, ComputeSpec } from './spec.ts';
import { stagingFolder } from './staging.ts';

export async function compute(spec: ComputeSpec): Promise<ComputeResult> {
  const definitions = parseDefinitions(spec.definitions, sha256Hex);
  const staging = join(spec.dataDir, stagingFolder(spec));
  const session = await openDuckDb({
    memoryLimit: `${spec.limits.memoryMb}MiB`,
    threads: spec.limits.threads,
    tempDir: join(staging, 'spill'),
  });
  try {
    return await computeIn(session, spec, definitions, staging);
  } finally {
    await session.close();
    await rm(staging, { recursive: true, force: true });
  }
}

async function computeIn(session: DuckDb, spec: ComputeSpec, definitions: Definitions, staging: string): Promise<ComputeResult> {
  const keep = (name: string, query: string) => writeFile(session, spec, staging, name, query);
  await prepare(session, definitions);
  if (spec.base !== null) await verifyFiles(spec.dataDir, filesOfBase(spec));

  const increments: StoredFile[] = [];
  let arrivals = 0;
  for (const [number, shard] of shardsOf(rowsByPartition(spec), spec.limits.shardRows).entries()) {
    await verifyFiles(spec.dataDir, spec.arrivals.slice(shard.from, shard.to).flat());
    const counts = await computeShard(session, spec, definitions, shard);
    arrivals += counts.arrivals;
    if (counts.fresh === 0) continue;
    const signals = signalsPrefix(definitions.version);
    increments.push(await keep(`${MEMBERS}-${pad(number)}`, `SELECT ${EVENT} FROM fresh WHERE is_member`));
    increments.push(await keep(`${signals}-${pad(number)}`, `SELECT ${EVENT} FROM fresh WHERE NOT is_member`));
  }
  const newEvents = increments.reduce((sum, file) => sum + file.rows, 0);
  const events = [...(spec.base?.events ?? []), ...increments.filter((file) => file.rows > 0)];
  return {
    views: await writeViews(spec, keep),
    events: await mergeEvents(spec, keep, definitions, events),
    conversions: await writeConversions(spec, keep),
    counts: { events: (spec.base?.counts.events ?? 0) + newEvents, newEvents, duplicates: arrivals - newEvents },
  };
}

type Keep = (name: string, query: string) => Promise<StoredFile>;

const CONVERSION_COLUMNS: Columns = {
  id: 'VARCHAR',
  user_key: 'VARCHAR',
  ts: 'BIGINT',
  type: 'VARCHAR',
  value: 'BIGINT',
  currency: 'VARCHAR',
};

async function prepare(session: DuckDb, definitions: Definitions): Promise<void> {
  for (const { sql, values } of prepareStatements(definitions)) await session.run(sql, values);
  for (const view of VIEWS) {
    await session.run(`CREATE TEMP TABLE rows_${view.name} (${columnList(viewColumns(view))})`);
  }
  await session.run(`CREATE TEMP TABLE conversion_rows (${columnList(CONVERSION_COLUMNS)})`);
}

/** The view = the base's rows, if they serve, plus the differences. Rows of zeros are no rows. */
async function writeViews(spec: ComputeSpec, keep: Keep): Promise<Record<string, StoredFile>> {
  const views: Record<string, StoredFile> = {};
  for (const view of VIEWS) {
    const held = spec.reuseRows ? spec.base?.views[view.name] : undefined;
    views[view.name] = await keep(`view-${view.name}`, viewQuery(spec, view, held));
  }
  return views;
}

function viewQuery(spec: ComputeSpec, view: View, held: StoredFile | undefined): string {
  const dimensions = view.dimensions.map(quoted).join(', ');
  const columns = `${dimensions}, ${view.measures.map(quoted).join(', ')}`;
  const sums = view.measures.map((measure) => `sum(${quoted(measure)})::BIGINT AS ${quoted(measure)}`).join(', ');
  const nonZero = view.measures.map((measure) => `sum(${quoted(measure)}) <> 0`).join(' OR ');
  const before = held === undefined ? '' : `UNION ALL ${parquetFiles(spec.dataDir, [held], viewColumns(view))}`;
  return `SELECT ${dimensions}, ${sums} FROM (SELECT ${columns} FROM rows_${view.name} ${before})
    GROUP BY ${dimensions} HAVING ${nonZero} ORDER BY ${dimensions}`;
}

/** Sorted by id, for finding one conversion fast. A base under other definitions chose other conversions. */
async function writeConversions(spec: ComputeSpec, keep: Keep): Promise<StoredFile[]> {
  const own = await keep('conversions', 'SELECT * FROM conversion_rows ORDER BY id');
  const held = spec.reuseRows ? (spec.base?.conversions ?? []) : [];
  return mergeSmall(spec, keep, 'conversions', CONVERSION_COLUMNS, own.rows > 0 ? [...held, own] : [...held], 'ORDER BY id');
}

/** Signals of other definitions may be anything under these: they join the members when it is their turn. */
async function mergeEvents(spec: ComputeSpec, keep: Keep, definitions: Definitions, files: StoredFile[]): Promise<StoredFile[]> {
  const signals = files.filter((file) => holdsSignalsOnly(file, definitions.version));
  const members = files.filter((file) => !holdsSignalsOnly(file, definitions.version));
  return [
    ...(await mergeSmall(spec, keep, MEMBERS, EVENT_COLUMNS, members)),
    ...(await mergeSmall(spec, keep, signalsPrefix(definitions.version), EVENT_COLUMNS, signals)),
  ];
}

async function mergeSmall(
  spec: ComputeSpec,
  write: Keep,
  kind: string,
  columns: Columns,
  files: readonly StoredFile[],
  order = '',
): Promise<StoredFile[]> {
  const { keep, merge } = filesToMerge(files, spec.limits.filesPerKind);
  if (merge.length === 0) return [...keep];
  const merged = await write(`${kind}-merged`, `SELECT * FROM ${parquetFiles(spec.dataDir, merge, columns)} ${order}`);
  return [merged, ...keep];
}

async function writeFile(session: DuckDb, spec: ComputeSpec, staging: string, name: string, query: string): Promise<StoredFile> {
  const file = `${name}-${spec.attempt}.parquet`;
  const rows = await copyToParquet(session, query, join(staging, file), {}, GENERATION_PARQUET);
  return keepFile(spec.dataDir, join(staging, file), `${generationFolder(spec.generation)}/${file}`, rows);
}

function filesOfBase(spec: ComputeSpec): StoredFile[] {
  if (spec.base === null) return [];
  const rows = spec.reuseRows ? [...Object.values(spec.base.views), ...spec.base.conversions] : [];
  return [...spec.base.events, ...rows];
}

/** Of the base, a shard holds what lies near its arrivals: at most the members of their users, or so. */
const BASE_SHARE = 0.2;

/** What a shard will hold: its arrivals, and its share of the base. */
function rowsByPartition(spec: ComputeSpec): number[] {
  const share = ((spec.base?.counts.events ?? 0) * (spec.reuseRows ? BASE_SHARE : 1)) / Math.max(1, spec.arrivals.length);
  return spec.arrivals.map((files) => files.reduce((sum, file) => sum + file.rows, share));
}

function pad(number: number): string {
  return String(number).padStart(4, '0');
}
