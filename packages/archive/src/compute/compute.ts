/**
 * Everything a generation holds, computed shard by shard in one DuckDB session, or merged of the parts that others computed; runs
 * in a child process of the job (`child/main.ts` there). Its caller verifies the files that are read (verified.ts); those that are written
 * are durable when this returns, and its views have been read back as a reader would read them (law 7: what cannot be loaded is
 * never published).
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Definitions, storedDefinitions } from '@tributary/model/definitions';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { VIEWS } from '@tributary/views/registry';
import { prepareStatements } from '@tributary/views/sql';
import { type View, viewsAsked } from '@tributary/views/view';
import { type DuckDb, openDuckDb, runAll } from '../duckdb.ts';
import type { StoredFile } from '../layout.ts';
import { createRowsFiles } from '../rows-file.ts';
import { checkViewRows } from '../views.ts';
import { writeConversions } from './conversion-files.ts';
import { countCorrected } from './corrections.ts';
import { doubtedFiles } from './doubted-files.ts';
import { keptOfBase, mergeEvents, writeIncrement } from './event-files.ts';
import { allForgotten, forgetsMore, NOTHING_FORGOTTEN, rowsGone, stillForgotten } from './forget.ts';
import { type Output, outputOf } from './output.ts';
import { adoptIncrements, loadParts, writePart } from './parts.ts';
import {
  areEvents,
  CONVERSION_ROW_COLUMNS,
  columnList,
  columnsOfEvents,
  countOf,
  keptView,
  parquetFiles,
  REPLACED_COLUMNS,
  viewColumns,
} from './relations.ts';
import { addShardRows, areSummedByShard, dropShard, loadFresh } from './shard.ts';
import { rowsByPartition, shardsOf } from './shards.ts';
import { allEnded, CONNECTIONS, sideBySide } from './side-by-side.ts';
import type { ComputeResult, ComputeSpec, Forgotten, Shard, ShardPart, ShardSpec } from './spec.ts';
import { stagingFolder } from './staging.ts';
import { type KeptViews, keptOf, type RowsOrigin, writeViews } from './view-files.ts';

export function compute(spec: ComputeSpec): Promise<ComputeResult> {
  return inSession(spec, async (session, staging) => {
    const definitions = storedDefinitions(spec.definitions, sha256Hex);
    const output = outputOf(session, spec, staging);
    const computed =
      spec.parts === undefined
        ? await computeShards(session, spec, definitions, output)
        : await mergeParts(session, spec, viewsAsked(viewsOf(spec), definitions), spec.parts);
    return finish(session, spec, definitions, output, computed);
  });
}

/** One shard, for a merge that comes later and maybe elsewhere. */
export function computePart(spec: ShardSpec): Promise<ShardPart> {
  return inSession(spec, async (session, staging) => {
    const definitions = storedDefinitions(spec.definitions, sha256Hex);
    const views = viewsOf(spec);
    const output = outputOf(session, spec, staging, spec.folder);
    await prepare(session, definitions, views);
    const { arrivals, increments, forgotten } = await computeShard(session, spec, definitions, output, [spec.number, spec.shard]);
    const areSums = areSummedByShard(spec, definitions) && rowsGone(forgotten) === 0;
    const asked = viewsAsked(views, definitions);
    return { arrivals, increments, forgotten, ...(await writePart(session, output, asked, areSums)) };
  });
}

/** `work` gets a session and a folder of its own, which are gone when this returns. */
export async function inSession<T>(spec: ComputeSpec, work: (session: DuckDb, staging: string) => Promise<T>): Promise<T> {
  const staging = join(spec.dataDir, spec.staging ?? stagingFolder(spec));
  const session = await openDuckDb({
    memoryLimit: `${spec.limits.memoryMb}MiB`,
    threads: spec.limits.threads,
    connections: Math.min(CONNECTIONS, spec.limits.threads),
    tempDir: join(staging, 'spill'),
    // The child compares next, if anything. To return a gigabyte takes a quarter of a second, for which the publication would wait.
    keepsMemory: true,
  });
  try {
    return await work(session, staging);
  } finally {
    await session.close();
    await rm(staging, { recursive: true, force: true });
  }
}

/** What both ways leave: `rows_<view>` of views that may have any, `conversion_rows` and `replaced_events` in the session, and these. */
interface Computed {
  readonly arrivals: number;
  readonly increments: readonly StoredFile[];
  readonly shards: number;
  readonly forgotten: Forgotten;
}

async function computeShards(session: DuckDb, spec: ComputeSpec, definitions: Definitions, output: Output): Promise<Computed> {
  await prepare(session, definitions, viewsOf(spec));
  const increments: StoredFile[] = [];
  let arrivals = 0;
  const forgotten: Forgotten[] = [];
  const shards = shardsOf(rowsByPartition(spec), spec.limits.shardRows);
  for (const numbered of shards.entries()) {
    if (numbered[0] > 0) await dropShard(session);
    const computed = await computeShard(session, spec, definitions, output, numbered);
    arrivals += computed.arrivals;
    increments.push(...computed.increments);
    forgotten.push(computed.forgotten);
  }
  return { arrivals, increments, shards: shards.length, forgotten: allForgotten(forgotten) };
}

/** What is new is written while its rows are computed: walking paths, one statement after the other, leaves a core idle. */
async function computeShard(
  session: DuckDb,
  spec: ComputeSpec,
  definitions: Definitions,
  output: Output,
  [number, shard]: readonly [number, Shard],
): Promise<Omit<Computed, 'shards'>> {
  const { arrivals, forgotten, replaces } = await loadFresh(session, spec, definitions, shard);
  const [increments] = await allEnded([
    writeIncrement(output, definitions, number, arrivals),
    addShardRows(session, spec, definitions, viewsOf(spec), shard, replaces),
  ]);
  return { arrivals, increments, forgotten };
}

async function mergeParts(
  session: DuckDb,
  spec: ComputeSpec,
  views: readonly View[],
  parts: readonly ShardPart[],
): Promise<Computed> {
  await loadParts(session, spec, views, parts);
  return {
    arrivals: parts.reduce((sum, part) => sum + part.arrivals, 0),
    increments: await adoptIncrements(spec, parts),
    shards: parts.length,
    forgotten: allForgotten(parts.map((part) => part.forgotten ?? NOTHING_FORGOTTEN)),
  };
}

async function finish(
  session: DuckDb,
  spec: ComputeSpec,
  definitions: Definitions,
  output: Output,
  { arrivals, increments, shards, forgotten }: Computed,
): Promise<ComputeResult> {
  const mayReplace = spec.reread !== undefined || rowsGone(forgotten) > 0;
  const recounted = mayReplace ? await countOf(session, 'replaced_events') : 0;
  const replaces = recounted > 0;
  const recorrected = recounted - rowsGone(forgotten);
  const newEvents = (await countEvents(session, spec, definitions, increments)) - recorrected;
  const [kept, events, conversions] = await allEnded([
    writeChecked(session, spec, output, {
      asked: viewsAsked(viewsOf(spec), definitions),
      shards,
      oncePerShard: areSummedByShard(spec, definitions) && rowsGone(forgotten) === 0,
      // Law 9: sums of the base have names that they alone sent (a page, a campaign), which files of differences leave there.
      apart: forgetsMore(spec.base ?? {}, forgotten),
    }),
    writeEvents(session, spec, definitions, output, increments, replaces),
    writeConversions(session, spec, definitions, output, replaces, arrivals),
  ]);
  const corrected = await countCorrected(session, spec.dataDir, definitions, events);
  const counts = {
    events: (spec.base?.counts.events ?? 0) + newEvents - forgotten.events,
    newEvents,
    duplicates: arrivals - newEvents,
    ...(corrected !== undefined && { corrected }),
    ...(spec.reread !== undefined && { recounted: recorrected }),
    ...(forgotten.events > 0 && { forgotten: forgotten.events }),
  };
  return { ...kept, events, conversions, counts, ...stillForgotten(spec.base ?? spec.forgotten ?? {}, forgotten) };
}

async function countEvents(
  session: DuckDb,
  { dataDir }: ComputeSpec,
  definitions: Definitions,
  files: readonly StoredFile[],
): Promise<number> {
  if (definitions.joinedMs === null) return files.reduce((sum, file) => sum + file.rows, 0);
  return countOf(session, `${parquetFiles(dataDir, files, columnsOfEvents(definitions))} WHERE ${areEvents(definitions)}`);
}

// biome-ignore lint/complexity/useMaxParams: as what it is a part of
async function writeEvents(
  session: DuckDb,
  spec: ComputeSpec,
  definitions: Definitions,
  output: Output,
  increments: readonly StoredFile[],
  replaces: boolean,
): Promise<StoredFile[]> {
  const held = await keptOfBase(session, spec, definitions, output, replaces);
  return mergeEvents(output, definitions, [...held, ...increments]);
}

async function writeChecked(session: DuckDb, spec: ComputeSpec, output: Output, origin: RowsOrigin): Promise<KeptViews> {
  const views = viewsOf(spec);
  const kept = await writeViews(session, spec, views, output, origin);
  // Those of the base were read back with it, and are verified as what is read of it.
  const held = new Set(Object.values(spec.base?.views ?? {}).flatMap((files) => files.map(({ path }) => path)));
  const written = keptOf(views, kept).flatMap((view) =>
    (kept.views[view.name] ?? []).filter(({ path }) => !held.has(path)).map((file) => ({ view, file })),
  );
  const rowsFiles = createRowsFiles(spec.dataDir);
  const checks = (await doubtedFiles(session, spec.dataDir, written)).map(
    ({ view, file }) =>
      () =>
        checkViewRows(session, spec.dataDir, [file], view, rowsFiles),
  );
  await sideBySide(CONNECTIONS, checks);
  return kept;
}

function viewsOf({ views }: ComputeSpec): readonly View[] {
  return views === undefined ? VIEWS : VIEWS.filter(({ name }) => views.includes(name));
}

/** The relations of the definitions, and an empty `rows_<view>` for each view that may have rows under them. */
export async function prepare(session: DuckDb, definitions: Definitions, views: readonly View[]): Promise<void> {
  for (const { sql, values } of prepareStatements(definitions)) await session.run(sql, values);
  await runAll(session, [
    ...viewsAsked(views, definitions).map(
      (view) => `CREATE TABLE rows_${view.name} (${columnList(viewColumns(keptView(view)))})`,
    ),
    `CREATE TABLE conversion_rows (${columnList(CONVERSION_ROW_COLUMNS)})`,
    `CREATE TABLE replaced_events (${columnList(REPLACED_COLUMNS)})`,
  ]);
}
