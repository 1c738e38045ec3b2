/** The archive is plain Parquet: a reader that shares no code with DuckDB sees the same rows. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { EVENT_COLUMNS } from '@tributary/archive/layout';
import type { Event } from '@tributary/model/event';
import { FIELD_ROWS } from '@tributary/model/event-fields';
import { userKeyOf } from '@tributary/model/user-key';
import { FULL_EVENT } from '@tributary/testkit/inputs/full-event';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { archivedRows, createRig, type Rig, someEvents, T0, withSession } from './archiver-rig.ts';

interface Reader {
  getCursor(): { next(): Promise<Record<string, unknown> | null> };
  close(): Promise<void>;
}
const require = createRequire(import.meta.url);
const { ParquetReader } = require('parquetjs-lite') as { ParquetReader: { openFile(path: string): Promise<Reader> } };
// parquetjs-lite is older than zstd in Parquet; Node's own decoder is what it lacks.
const codecs = require('parquetjs-lite/lib/compression') as { PARQUET_COMPRESSION_METHODS: Record<string, unknown> };
codecs.PARQUET_COMPRESSION_METHODS['ZSTD'] = { inflate: (bytes: Buffer) => zstdDecompressSync(bytes) };

let rig: Rig;
beforeEach(async () => {
  rig = await createRig(2);
});
afterEach(() => rig.close());

/** Text that breaks careless formats. */
const FULL: Event = {
  ...FULL_EVENT,
  ts: T0,
  id: 'all!~#',
  userId: '\ufeffBOM and "quotes", commas; \\back\\slash\' 😀 用户',
  anonymousId: ' spaces at both ends ',
  receivedAt: T0 + 1,
  source: 'NULL',
  channel: 'Kanal\u0085Ä\u2028',
  campaign: '\\N',
  creative: '""',
  cost: 0,
  value: -1_000_000_000_000,
  page: '/?q=%09&x=\\t',
  element: '#',
  properties: { 'täb\t': 'line\nbreak\r\n\u0000\u007f', deep: { list: [1, 0.1, null, 'ü'] }, lone: '\ud800' },
};
/** None of those that need not be. */
const BARE: Event = { ts: 0, type: 'x', id: '1', anonymousId: 'a', receivedAt: 0, source: 's' };
const LARGE: Event = { ...BARE, id: 'large', properties: { text: 'ü"\\\n😀'.repeat(150_000) } };

function expected(event: Event): Record<string, unknown> {
  const cells = FIELD_ROWS.map(([field, { column }]) => {
    const value = event[field] ?? null;
    if (typeof value === 'number') return [column, BigInt(value)];
    return [column, typeof value === 'object' && value !== null ? JSON.stringify(value) : value];
  });
  return { user_key: userKeyOf(event), ...Object.fromEntries(cells) };
}

const archive = (events: readonly Event[]) => archiveIn(rig, events);

async function archiveIn(into: Rig, events: readonly Event[]): Promise<void> {
  await into.append(events);
  await into.barrier(1);
  const archiver = await into.start();
  for (let i = 0; i < events.length && (await into.segments(0)).length + (await into.segments(1)).length < 2; i++)
    await archiver.turn();
  expect(await archivedRows(into)).toHaveLength(events.length);
}

const byId = (a: Record<string, unknown>, b: Record<string, unknown>) => (String(a['id']) < String(b['id']) ? -1 : 1);

test('law 6: every field comes back as it was sent: unicode, a megabyte, everything absent', async () => {
  await archive([FULL, BARE, LARGE]);
  const rows = await archivedRows(rig);
  const fields = rows.map(({ partition: _, position: __, entry_index: ___, ...row }) => row);
  expect(fields.sort(byId)).toEqual([FULL, BARE, LARGE].map(expected).sort(byId));
});

test('an independent reader sees what DuckDB sees, file by file, in columns of the agreed types', async () => {
  await archive([FULL, BARE, ...someEvents(500)]);
  let files = 0;
  for (let partition = 0; partition < rig.partitions; partition++)
    for (const segment of await rig.segments(partition))
      for (const file of segment.files) {
        const path = join(rig.dataDir, file.path);
        const types = await withSession((s) =>
          s.rows(`DESCRIBE SELECT * FROM read_parquet($1, hive_partitioning = false)`, [path]),
        );
        expect(types.map((t) => [t['column_name'], t['column_type']])).toEqual(Object.entries(EVENT_COLUMNS));
        const ours = await withSession((s) => s.rows('SELECT * FROM read_parquet($1, hive_partitioning = false)', [path]));
        expect(ours).toHaveLength(file.rows);
        expect(await readIndependently(path)).toEqual(ours.map(asText));
        files++;
      }
  expect(files).toBeGreaterThan(4);
});

test('a file holds one UTC day, or the days of a month that have few events, sorted by user and time; the folder names it', async () => {
  await archive(someEvents(5000));
  const lengths = new Set<number>();
  for (let partition = 0; partition < rig.partitions; partition++)
    for (const segment of await rig.segments(partition))
      for (const file of segment.files) {
        expect(file.path).toContain(`/date=${file.date}/`);
        const rows = await withSession((s) =>
          s.rows('SELECT user_key, ts FROM read_parquet($1, file_row_number = true) ORDER BY file_row_number', [
            join(rig.dataDir, file.path),
          ]),
        );
        const keys = rows.map((row) => `${row['user_key']}\t${String(row['ts']).padStart(13, '0')}`);
        expect(keys).toEqual([...keys].sort());
        lengths.add(file.date.length);
        for (const row of rows) expect(new Date(Number(row['ts'])).toISOString().slice(0, file.date.length)).toBe(file.date);
      }
  expect(lengths).toEqual(new Set([7, 10]));
});

/** It gives integers of dictionary pages as text, and leaves NULLs out: both sides are compared as text. */
async function readIndependently(path: string): Promise<Record<string, string>[]> {
  const reader = await ParquetReader.openFile(path);
  const rows: Record<string, string>[] = [];
  const cursor = reader.getCursor();
  for (let row = await cursor.next(); row !== null; row = await cursor.next()) rows.push(asText(row));
  await reader.close();
  return rows;
}

function asText(row: Record<string, unknown>): Record<string, string> {
  const present = Object.entries(row).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(present.map(([column, value]) => [column, String(value)]));
}

test('law 5: a data folder below folders that are named like columns has the same rows', async () => {
  const events = someEvents(40);
  await archive(events);
  const rows = await archivedRows(rig);
  const above = await mkdtemp(join(tmpdir(), 'tributary-archiver-'));
  const elsewhere = await createRig(2, join(above, 'type=prod', 'value=7', 'user_key=ada', 'it[1]*?'));
  try {
    await archiveIn(elsewhere, events);
    expect(await archivedRows(elsewhere)).toEqual(rows);
  } finally {
    await elsewhere.close();
    await rm(above, { recursive: true, force: true });
  }
});
