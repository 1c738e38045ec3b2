import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ERASE_TYPE, LIFT_TYPE } from '@tributary/model/erasure';
import { MOST_LINKS_OF_DAY } from '@tributary/model/identity/links';
import { LINK_TYPE, PUT_TYPE, WITHDRAW_TYPE } from '@tributary/model/identity/message-line';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadWithdrawals } from '../compute/withdrawn.ts';
import { type DuckDb, openDuckDb } from '../duckdb.ts';
import { digestsBy } from '../erasure-key.ts';
import type { ArchiveForgotten } from '../forgotten.ts';
import { heardWith, waitingUsers, withoutWaiting } from './waiting.ts';

const KEY = Buffer.alloc(32, 7);
const digestOf = digestsBy(KEY);

let session: DuckDb;
beforeAll(async () => {
  session = await openDuckDb({ memoryLimit: '256MB', threads: 1, tempDir: join(tmpdir(), 'tributary-waiting') });
});
afterAll(() => session.close());

const position = (n: number) => String(n).padStart(6, '0');
/** The version of an event at this place. */
const version = (n: number) => `${position(n)}.0000000`;

/** A record at a place of its key's partition. */
type Row = readonly [at: number, userKey: string, type: string, said?: object, receivedAt?: number];

const link = (at: number, key: string, to: string, name = `${to} ${at}`, receivedAt = at): Row => [
  ...([at, key, LINK_TYPE, { to, id: name, version: version(at) }, receivedAt] as const),
];
const withdraw = (at: number, to: string, of: string, erasedAt: number): Row => [
  ...([at, to, WITHDRAW_TYPE, { of: digestOf(of), by: digestOf(of), version: version(erasedAt) }] as const),
];

type Known = Partial<Pick<ArchiveForgotten, 'erased' | 'lifted' | 'lent' | 'heard'>>;

/** As an attempt finds them in files. */
async function load(rows: readonly Row[]): Promise<void> {
  const values = rows.map(([at, userKey, type, said, receivedAt = 0]) => ({
    ...{ user_key: userKey, type, partition: 0, position: position(at), entry_index: 0, received_at: receivedAt },
    said: said === undefined ? null : JSON.stringify(said),
  }));
  await session.run(
    `CREATE OR REPLACE TABLE records AS SELECT unnest(from_json($values::JSON, '[{"user_key":"VARCHAR","type":"VARCHAR","partition":"INTEGER",
     "position":"VARCHAR","entry_index":"INTEGER","received_at":"BIGINT","said":"VARCHAR"}]'), recursive := true)`,
    { values: JSON.stringify(values) },
  );
  await loadWithdrawals(session, 'records');
}

/** Which of these keys wait. */
async function waiting(rows: readonly Row[], { erased = [], lifted = {}, heard }: Known, before?: Known): Promise<string[]> {
  await load(rows);
  const known = { ...(before as ArchiveForgotten), erased: before?.erased ?? [], lifted: before?.lifted ?? {} };
  const digests = await waitingUsers(session, {
    forgotten: { erased: erased.map(digestOf), lifted, ...(heard && { heard }) },
    before: before && { ...known, erased: known.erased.map(digestOf) },
    ...{ events: 'records', key: KEY },
  });
  return rows.map(([, userKey]) => userKey).filter((key, i, all) => digests.has(digestOf(key)) && all.indexOf(key) === i);
}

/** What an attempt notes that takes out these users. */
async function hear(rows: readonly Row[], { erased = [], lifted = {}, heard = NOTHING }: Known, before: Known = {}) {
  await load(rows);
  const known = { erased: (before.erased ?? []).map(digestOf), lifted: before.lifted ?? {} };
  return heardWith(session, { heard, forgotten: { erased: erased.map(digestOf), lifted }, before: known, key: KEY });
}

const NOTHING: NonNullable<Known['heard']> = { from: [], withdrawals: [] };

const ERASED: Row = [5, 'cookie', ERASE_TYPE];

test('law 9: rows of an erased key stay until each key that it was linked to has what withdraws its events', async () => {
  const linked = [link(1, 'cookie', 'ana'), link(2, 'cookie', 'bob'), ERASED];
  const of = { erased: ['cookie'] };
  expect(await waiting([ERASED], of)).toEqual([]);
  expect(await waiting(linked, of)).toEqual(['cookie']);
  expect(await waiting([...linked, withdraw(1, 'ana', 'cookie', 5)], of)).toEqual(['cookie']);
  const both = [...linked, withdraw(1, 'ana', 'cookie', 5), withdraw(1, 'bob', 'cookie', 5)];
  expect(await waiting(both, of)).toEqual([]);
  // One of another key, and one of an erasure before.
  expect(await waiting([...linked, withdraw(1, 'ana', 'cookie', 5), withdraw(1, 'bob', 'phone', 5)], of)).toEqual(['cookie']);
  expect(await waiting([...linked, withdraw(1, 'ana', 'cookie', 5), withdraw(1, 'bob', 'cookie', 4)], of)).toEqual(['cookie']);
  // Files are without it already, or are not to be.
  expect(await waiting(linked, of, { erased: ['cookie'] })).toEqual([]);
  expect(await waiting(linked, {})).toEqual([]);
});

test('law 9: a key that is erased as well is waited for, as it may be lifted: what withdraws events there is heard before it goes', async () => {
  const linked = [link(1, 'cookie', 'ana'), ERASED];
  const both = { erased: ['cookie', 'ana'] };
  const lifted = { [digestOf('ana')]: { position: position(9), entryIndex: 0 } };
  const said = withdraw(7, 'ana', 'cookie', 5);
  for (const known of [both, { erased: ['cookie'], lifted }]) {
    expect(await waiting(linked, known)).toEqual(['cookie']);
    expect(await waiting([...linked, said], known)).toEqual([]);
    const heard = await hear([...linked, said], { erased: ['ana'], lifted: known === both ? {} : lifted });
    expect(heard.withdrawals).toEqual([{ of: digestOf('cookie'), to: digestOf('ana'), version: version(5) }]);
    expect(await waiting(linked, { ...known, heard })).toEqual([]);
    const lastTime = { ...heard, withdrawals: heard.withdrawals.map((one) => ({ ...one, version: version(4) })) };
    expect(await waiting(linked, { ...known, heard: lastTime }), 'of an erasure before').toEqual(['cookie']);
    // A version that heard nothing wrote files again up to there.
    const none = (upTo: number) => ({ from: [position(upTo)], withdrawals: [] });
    expect(await waiting(linked, { ...known, heard: none(5) })).toEqual([]);
    expect(await waiting(linked, { ...known, heard: none(4) })).toEqual(['cookie']);
  }
  const put: Row = [10, 'ana', PUT_TYPE, { path: ['cookie'], version: version(3) }];
  const heard = { from: [position(5)], withdrawals: [] };
  expect(await waiting([...linked, put], { erased: ['cookie'], lifted, heard })).toEqual(['cookie']);
});

test('law 9: what withdraws events is noted of those whose rows go, until no key waits for it', async () => {
  const rows = [withdraw(7, 'ana', 'cookie', 5), withdraw(7, 'bob', 'cookie', 5)];
  const ana = { of: digestOf('cookie'), to: digestOf('ana'), version: version(5) };
  expect((await hear(rows, { erased: ['ana'] })).withdrawals).toEqual([ana]);
  expect((await hear(rows, { erased: [] })).withdrawals).toEqual([]);
  // What ana passes on is not what the key says itself.
  const passed: Row = [7, 'bob', WITHDRAW_TYPE, { of: digestOf('cookie'), by: digestOf('ana'), version: version(6) }];
  expect((await hear([passed], { erased: ['bob'] })).withdrawals).toEqual([]);
  const heard = { from: [], withdrawals: [ana] };
  expect((await hear([], { erased: ['cookie', 'ana'], heard })).withdrawals).toEqual([ana]);
  expect((await hear(rows, { erased: ['ana'], heard }, { erased: ['cookie'] })).withdrawals).toEqual([ana]);
  expect((await hear([], { erased: ['cookie', 'ana'], heard }, { erased: ['cookie'] })).withdrawals).toEqual([]);
  // Lifted: it waits until files are without what came before the lift.
  const place = (n: number) => ({ [digestOf('cookie')]: { position: position(n), entryIndex: 0 } });
  const of = { erased: ['ana'], lifted: place(8), heard };
  expect((await hear([], of, { erased: ['cookie'] })).withdrawals).toEqual([ana]);
  expect((await hear([], of, { lifted: place(4) })).withdrawals, 'another lift').toEqual([ana]);
  expect((await hear([], of, { lifted: place(8) })).withdrawals).toEqual([]);
});

test('law 9: a link that the key did not have when it was erased is not waited for', async () => {
  const of = { erased: ['cookie'] };
  expect(await waiting([link(6, 'cookie', 'ana'), ERASED], of)).toEqual([]);
  expect(await waiting([link(1, 'cookie', 'cookie'), ERASED], of)).toEqual([]);
  // The second erasure found nothing.
  const twice = [ERASED, link(6, 'cookie', 'ana'), [7, 'cookie', ERASE_TYPE] as Row];
  expect(await waiting(twice, of)).toEqual([]);
  const again = [link(1, 'cookie', 'ana'), ERASED, withdraw(1, 'ana', 'cookie', 5), [6, 'cookie', LIFT_TYPE] as Row];
  const since = [...again, link(7, 'cookie', 'bob'), [8, 'cookie', ERASE_TYPE] as Row];
  expect(await waiting(since, of)).toEqual(['cookie']);
  expect(await waiting([...since, withdraw(1, 'bob', 'cookie', 8)], of)).toEqual([]);
  // Erased again after a lift, before files were written without it a second time; those that are restored know of no lift.
  expect(await waiting(since, of, of)).toEqual(['cookie']);
  expect(await waiting([...since, withdraw(1, 'bob', 'cookie', 8)], of, of)).toEqual([]);
  expect(await waiting(since.slice(4), of, of)).toEqual([]);
  const lent = { digests: [digestOf('cookie')], upTo: [] };
  expect(await waiting(since, of, { ...of, lent })).toEqual([]);
  expect(await waiting(since, of, { lent }), 'lifted by a run since').toEqual(['cookie']);
  // Files are without it up to there already.
  const place = (n: number) => ({ [digestOf('cookie')]: { position: position(n), entryIndex: 0 } });
  const liftedOnce = [link(1, 'cookie', 'ana'), ERASED, [6, 'cookie', LIFT_TYPE] as Row];
  expect(await waiting(liftedOnce, { lifted: place(6) }, { lifted: place(4) })).toEqual(['cookie']);
  expect(await waiting(liftedOnce, { lifted: place(6) }, { lifted: place(6) })).toEqual([]);
  // More of one day than count.
  const many = Array.from({ length: MOST_LINKS_OF_DAY }, (_, n) => link(1, 'cookie', 'ana', `link ${n}`, n));
  const said = withdraw(1, 'ana', 'cookie', 5);
  expect(await waiting([...many, link(2, 'cookie', 'bob', 'last', 1_000), ERASED, said], of)).toEqual([]);
  expect(await waiting([...many, link(2, 'cookie', 'bob', 'first', 0), ERASED, said], of)).toEqual(['cookie']);
  // It counted once, and what the key had lost by the end of that stays with bob.
  const [at, key, type, text] = link(2, 'cookie', 'bob', 'last');
  const held: Row = [at, key, type, { ...text, held: 0 }, 1_000];
  expect(await waiting([...many, held, ERASED, said], of)).toEqual(['cookie']);
  expect(await waiting([...many, held, ERASED, said, withdraw(1, 'bob', 'cookie', 5)], of)).toEqual([]);
  // It lent something before others of the day pushed it out, and ana withdraws what came to bob by ana.
  const last = link(2, 'cookie', 'bob', 'last', 1_000);
  const lend = (...path: string[]): Row => [3, 'bob', PUT_TYPE, { path, version: version(2) }];
  expect(await waiting([...many, last, lend('cookie'), ERASED, said], of)).toEqual(['cookie']);
  expect(await waiting([...many, last, lend('cookie'), ERASED, said, withdraw(1, 'bob', 'cookie', 5)], of)).toEqual([]);
  expect(await waiting([...many, last, lend('cookie', 'ana'), ERASED, said], of)).toEqual([]);
});

test('law 9: of a key that waits, files are without what they were without before', () => {
  const place = (n: number) => ({ position: position(n), entryIndex: 0 });
  const now = { erased: ['a', 'b', 'e'], lifted: { c: place(3), d: place(4) } } as unknown as ArchiveForgotten;
  const before = { erased: ['x', 'e'], lifted: { b: place(1), c: place(2) } } as unknown as ArchiveForgotten;
  const waits = new Map(['b', 'c', 'e'].map((digest) => [digest, `${position(7)}.0000002`]));
  expect(withoutWaiting(now, before, waits)).toEqual({
    erased: ['a'],
    lifted: { b: place(1), c: place(2), d: place(4), e: { position: position(7), entryIndex: 2 } },
  });
  expect(withoutWaiting(now, undefined, new Map([['d', '']]))).toEqual({ erased: ['a', 'b', 'e'], lifted: { c: place(3) } });
});
