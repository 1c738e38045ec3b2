/** Archived rows that are not events (another version, or program, wrote them): a replay that joins records says of them what one says that looks at each line. */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { openDuckDb } from '@tributary/archive/duckdb';
import { digest, writeDurably } from '@tributary/archive/durable';
import { toJson } from '@tributary/archive/manifest-file';
import { segmentPath } from '@tributary/archive/segments';
import { sqlText } from '@tributary/archive/sql-text';
import { DAY_MS } from '@tributary/model/time';
import { partitionOf } from '@tributary/model/user-key';
import type { Commit, DeadLetter } from '@tributary/store/speed-store';
import { expect, test } from 'vitest';
import { copyOf, type Rig } from '../faults/archiver-rig.ts';
import { archivedOnce, DEFINITIONS, expectSameRows, PARTITIONS, recordsOf, replayed, statesOf } from './replayed-archive.ts';

const archived = archivedOnce();

const OTHERS = ['anna', 'bert', 'carl', 'dora'].find((key) => partitionOf(key, PARTITIONS) === 1) as string;
const ALIKE = ['anna', 'bert', 'carl', 'dora'].find((key) => partitionOf(key, PARTITIONS) === 0) as string;

/** One row of the second segment of partition 0 that has rows, with these columns. */
async function damage(rig: Rig, columns: string): Promise<void> {
  const segments = await rig.segments(0);
  const segment = segments.filter(({ rows }) => rows > 0)[1];
  const file = segment?.files[0];
  if (segment === undefined || file === undefined) throw new Error('the second segment is missing');
  const path = join(rig.dataDir, file.path);
  const session = await openDuckDb({ memoryLimit: '256MB', threads: 1, tempDir: join(rig.dataDir, 'staging') });
  try {
    const rows = `SELECT * FROM read_parquet(${sqlText(path)}, hive_partitioning = false)`;
    const one = '(position, entry_index) = (SELECT (position, entry_index) FROM rows ORDER BY position, entry_index LIMIT 1)';
    await session.run(`COPY (WITH rows AS (${rows}) SELECT * REPLACE (${columns}) FROM rows WHERE ${one}
      UNION ALL BY NAME SELECT * FROM rows WHERE NOT (${one})) TO ${sqlText(`${path}.new`)} (FORMAT parquet)`);
  } finally {
    await session.close();
  }
  await rename(`${path}.new`, path);
  const written = await digest(path);
  const files = segment.files.map((each) => (each === file ? { ...file, ...written } : each));
  await writeDurably(segmentPath(rig.dataDir, 0, segment.number), toJson({ ...segment, files }));
}

function lettersOf(commits: readonly Commit[]): readonly DeadLetter[] {
  return commits.flatMap(({ parked }) => parked);
}

test.each([
  { what: 'a type that is missing', columns: 'NULL AS type', letters: 1 },
  { what: 'a type of two lines', columns: "'a' || chr(10) || 'b' AS type", letters: 2 },
  { what: 'a control character', columns: 'chr(7) AS campaign', letters: 1 },
  { what: 'no time', columns: 'NULL AS ts', letters: 1 },
  { what: 'a time far ahead of its receipt', columns: `received_at + ${2 * DAY_MS} AS ts`, letters: 1 },
  { what: 'a time before all', columns: '-1 AS ts', letters: 1 },
  { what: 'no receipt', columns: 'NULL AS received_at', letters: 1 },
  { what: 'a receipt far ahead', columns: `received_at + ${900 * DAY_MS} AS received_at`, letters: 0 },
  {
    what: 'a receipt far ahead of what is not an event',
    columns: `received_at + ${900 * DAY_MS} AS received_at, '' AS source`,
    letters: 1,
  },
  { what: 'an id that is not ASCII', columns: "'é' AS id", letters: 1 },
  { what: 'a reserved channel', columns: "'(null)' AS channel", letters: 1 },
  { what: 'an amount beyond its bound', columns: '10000000000000 AS value', letters: 1 },
  { what: 'a currency that is none', columns: "'eur' AS currency", letters: 1 },
  { what: 'a flag that is false', columns: 'false AS historical', letters: 1 },
  { what: 'a page that is too long', columns: "repeat('p', 3000) AS page", letters: 1 },
  { what: 'properties that end early', columns: `'{"a":' AS properties`, letters: 1 },
  { what: 'properties that are a list', columns: "'[]' AS properties", letters: 1 },
  { what: 'a text with quotes, which is sound', columns: `'a"b\\c' AS campaign`, letters: 0 },
  { what: 'a message that is none', columns: "'tributary.put' AS type", letters: 1 },
  { what: 'no user', columns: 'NULL AS user_id, NULL AS anonymous_id', letters: 1 },
  { what: 'the key of another user', columns: `'${ALIKE}' AS user_id`, letters: 0 },
  { what: 'a user of another partition', columns: `'${OTHERS}' AS user_id`, letters: 0 },
  { what: 'another user beside the event', columns: `'${ALIKE}' AS user_key`, letters: 0 },
])('law 7: joined records and a replay line by line say the same of $what', async ({ columns, letters }) => {
  const { rig, oldest } = await archived(1, [DEFINITIONS, DEFINITIONS, DEFINITIONS, DEFINITIONS]);
  const rigs: Rig[] = [rig];
  try {
    await damage(rig, columns);
    // Each in a folder of its own: an event of another partition is appended there.
    const other = await copyOf(rig);
    rigs.push(other);
    const lineByLine = await replayed({ rig, oldest, isJoined: false, mostRows: 13 });
    const joined = await replayed({ rig: other, oldest, isJoined: true, mostRows: 13 });
    expect(joined.joined).toBeGreaterThan(10);
    expect(lettersOf(lineByLine.commits)).toHaveLength(letters);
    expect(lettersOf(joined.commits)).toEqual(lettersOf(lineByLine.commits));
    expect(await recordsOf(joined.store)).toEqual(await recordsOf(lineByLine.store));
    expect(await statesOf(joined.store)).toEqual(await statesOf(lineByLine.store));
    await expectSameRows(joined.store, lineByLine.store, oldest);
  } finally {
    for (const each of rigs) await each.close();
  }
});
