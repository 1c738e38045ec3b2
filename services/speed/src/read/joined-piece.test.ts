import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuckDb } from '@tributary/archive/duckdb';
import { encodeEvent } from '@tributary/model/event';
import { expect, test } from 'vitest';
import { entriesOf, noteSeen, PIECE_ORDER, passOver, pieceColumns, preparePiece, startReading } from './joined-piece.ts';

const NOW = 1_700_000_000_000;

interface Row {
  /** Under whom it is filed. */
  readonly userKey: string;
  /** Whose event it is; null: it is none. */
  readonly userId: string | null;
  readonly id: string;
}

const ofAna = (id: string, userKey = 'ana'): Row => ({ userKey, userId: 'ana', id });
const lineOf = ({ userId, id }: Row) =>
  userId === null ? '{}' : encodeEvent({ ts: NOW, receivedAt: NOW, type: 'view', id, userId, source: 's' });

/** As the archive has them. */
function rowsOf(rows: readonly Row[]): string {
  const values = rows.map(({ userId, ...row }, i) => {
    const user = userId === null ? 'NULL' : `'${userId}'`;
    return `('p', ${i}, '${row.userKey}', ${user}, NULL::VARCHAR, '${row.id}', 'view', ${NOW}, ${NOW}, '${lineOf({ userId, ...row })}')`;
  });
  const names = 'position, entry_index, user_key, user_id, anonymous_id, id, type, ts, received_at, line';
  return `(VALUES ${values.join(', ')}) AS rows(${names})`;
}

/** Whose lines each piece joins, and the ids of those lines that are applied one by one; null: all of it is read as the log had it. */
async function read(pieces: readonly (readonly Row[])[], { untrimmedLength = 1e9, before = [] as readonly Row[] } = {}) {
  const tempDir = await mkdtemp(join(tmpdir(), 'piece-'));
  const session = await openDuckDb({ memoryLimit: '128MB', threads: 1, tempDir });
  try {
    const rules = { keptMs: 1e11, untrimmedLength };
    const reading = await startReading({ session, partition: 0, partitions: 1, rules, logTimeMs: 0 });
    if (before.length > 0) await passOver(reading, `SELECT * FROM ${rowsOf(before)}`);
    const found = [];
    for (const rows of pieces) {
      await session.run(`CREATE OR REPLACE TABLE piece AS SELECT ${pieceColumns('line')} FROM ${rowsOf(rows)} ${PIECE_ORDER}`);
      const [entry] = await entriesOf(reading, await preparePiece(reading, { table: 'piece', upTo: 'p' }));
      await noteSeen(reading, 'piece');
      const apart = entry?.joined?.apart.map(({ line }) => String(JSON.parse(line).id));
      found.push(entry?.joined === undefined ? null : { joined: [...entry.joined.appends.keys()], apart });
    }
    return found;
  } finally {
    await session.close();
    await rm(tempDir, { recursive: true, force: true });
  }
}

test('law 3: an event that was filed under another user is known by its id when it comes again', async () => {
  const again = { joined: [], apart: ['e0'] };
  expect(await read([[ofAna('e0', 'bob')], [ofAna('e0')]])).toEqual([null, again]);
  expect(await read([[ofAna('e0')]], { before: [ofAna('e0', 'bob')] })).toEqual([again]);
  expect(await read([[ofAna('e0', 'bob')], [ofAna('e1')]])).toEqual([null, { joined: ['ana'], apart: [] }]);
});

test('law 3: lines that are filed under another user are not joined: they would come in another order', async () => {
  expect(await read([[ofAna('e0'), ofAna('e1', 'amy')], [ofAna('e2')]])).toEqual([null, { joined: ['ana'], apart: [] }]);
});

test('law 1: what was read line by line makes records longer', async () => {
  const untrimmedLength = 1.5 * (lineOf(ofAna('e0')).length + 1);
  const foreign: Row = { userKey: 'aaron', userId: null, id: 'e1' };
  expect(await read([[foreign, ofAna('e0')], [ofAna('e2')]], { untrimmedLength })).toEqual([null, { joined: [], apart: ['e2'] }]);
  expect(await read([[foreign], [ofAna('e2')]], { untrimmedLength })).toEqual([null, { joined: ['ana'], apart: [] }]);
});
