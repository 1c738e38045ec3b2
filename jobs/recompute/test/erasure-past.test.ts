/** What is asked of the archive itself, where events of erased users still lie: values of the past, and what corrections read again. */
import { mkdtemp, rm, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestsBy, erasureKey } from '@tributary/archive/erasure-key';
import { createReceipt, newReceipt, type Receipt, writeReceipt } from '@tributary/archive/erasures';
import { archivedPast } from '@tributary/archive/history/archived-past';
import { pastValues } from '@tributary/archive/history/past-values';
import { sampledUsers } from '@tributary/archive/history/sampled-users';
import { ERASE_TYPE, encodeErasure, LIFT_TYPE } from '@tributary/model/erasure';
import type { Event } from '@tributary/model/event';
import { partitionOf } from '@tributary/model/user-key';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { readDefinitions, signalsOf } from '@tributary/signals/definitions/file';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { naiveUnforgotten } from '@tributary/testkit/oracle/naive-erasure';
import { afterEach, expect, test } from 'vitest';
import { event, NOON_MS } from './one-user.ts';
import { createWorld, PARTITIONS, type World } from './world.ts';

const SIGNAL = new AbortController().signal;

let world: World;
afterEach(() => world.close());

const says = (type: typeof ERASE_TYPE | typeof LIFT_TYPE, userKey: string): Event =>
  JSON.parse(encodeErasure({ type, userKey, id: `${type} ${userKey}`, atMs: event('', 0, '').receivedAt })) as Event;

const order = (userId: string, value: number, id = 'order') =>
  event(id, 4, 'buy', { userId, value, currency: 'EUR', channel: 'search' });

async function past() {
  const found = await archivedPast(world.dataDir, SIGNAL, () => {});
  if (found === null) throw new Error('no generation was published');
  return found;
}

/** How many events of each user there were by the end of the day. */
function eventsOf(...users: readonly string[]): Promise<Record<string, unknown>> {
  return eventsMeanwhile(() => {}, ...users);
}

async function eventsMeanwhile(asked: () => unknown, ...users: readonly string[]): Promise<Record<string, unknown>> {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-erased-'));
  try {
    const found = await past();
    async function* rows() {
      for (const user of users) yield { user, atMs: NOON_MS + 5 * 3_600_000, label: null };
      await asked();
    }
    const question = {
      past: { ...found, cutMs: Number.MAX_SAFE_INTEGER },
      definitions: [...signalsOf(found.definitions, sha256Hex).values()],
    };
    const values: Record<string, unknown> = {};
    for await (const row of pastValues({ ...question, rows: rows(), folder, memoryLimit: '256MB', signal: SIGNAL }))
      values[row.user] = row.values?.get('events');
    return values;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** As before they are written again without erased users: until then what reads them must leave these out by itself. */
function keepFiles(): void {
  Object.assign(world.ports, { rewrite: () => Promise.reject(new Error('files stay as they are')) });
}

test('law 9: values of the past look at nothing of a user who is erased, and of one who was lifted at what came since', async () => {
  world = await createWorld(readDefinitions(JSON.stringify({ signals: { events: { count: '*', window: '5d' } } }), sha256Hex));
  keepFiles();
  await world.ingest(['ana', 'eve', 'ida'].flatMap((user) => [order(user, 1), order(user, 2, 'another')]));
  await world.ingest([says(ERASE_TYPE, 'ana'), says(ERASE_TYPE, 'ida')]);
  await world.ingest([order('ana', 3, 'refused'), says(LIFT_TYPE, 'ida'), order('ida', 3)]);
  await world.turn();
  await world.run();
  const expected = { ana: 0, eve: 2, ida: 1 };
  expect(await eventsOf('ana', 'eve', 'ida')).toMatchObject(expected);
  await world.ingest([order('eve', 1, 'later')]);
  await world.run({ mode: 'incremental' });
  expect(await eventsOf('ana', 'eve', 'ida')).toMatchObject({ ...expected, eve: 3 });
  const bounds = { folder: tmpdir(), memoryLimit: '256MB', signal: SIGNAL };
  expect((await sampledUsers({ ...(await past()), cutMs: Number.MAX_SAFE_INTEGER }, 10, bounds)).sort()).toEqual(['eve', 'ida']);
});

/** What the API writes before it asks the log. */
async function receiptOf(userKey: string, change: Partial<Receipt> = {}, askedAt = NOON_MS): Promise<void> {
  const digest = digestsBy(await erasureKey(world.dataDir))(userKey);
  const asked = { partition: partitionOf(userKey, PARTITIONS), digest, askedAt, by: 'test', reason: null };
  const receipt = newReceipt(asked);
  await createReceipt(world.dataDir, receipt);
  await writeReceipt(world.dataDir, { ...receipt, ...change });
}

test('law 9: values of the past look at nothing of a user who was erased since the generation was computed', async () => {
  world = await createWorld(readDefinitions(JSON.stringify({ signals: { events: { count: '*', window: '5d' } } }), sha256Hex));
  keepFiles();
  await world.ingest(['ana', 'eve', 'ida', 'bob'].map((user) => order(user, 1)));
  await world.ingest([says(ERASE_TYPE, 'ida'), says(ERASE_TYPE, 'bob')]);
  await world.ingest([says(LIFT_TYPE, 'ida'), order('ida', 2), says(LIFT_TYPE, 'bob'), order('bob', 2)]);
  await world.turn();
  await world.run();
  expect(await eventsOf('ana', 'eve', 'ida', 'bob')).toEqual({ ana: 1, eve: 1, ida: 1, bob: 1 });
  const { cut } = await world.manifest(1);
  const at = (position: string) => ({ recorded: { at: NOON_MS, position } });
  // Nothing says whether the log has it; it is behind the cut, and lifted by now; the erasure that the generation knows to be lifted; one after that.
  await receiptOf('ana');
  await receiptOf('eve', { ...at('~'), lifted: { at: NOON_MS, by: 'test' } });
  await receiptOf('ida', at(''));
  await receiptOf('bob', at(cut[partitionOf('bob', PARTITIONS)] ?? ''));
  expect(await eventsOf('ana', 'eve', 'ida', 'bob')).toEqual({ ana: 0, eve: 0, ida: 1, bob: 0 });
  const bounds = { folder: tmpdir(), memoryLimit: '256MB', signal: SIGNAL };
  expect(await sampledUsers({ ...(await past()), cutMs: Number.MAX_SAFE_INTEGER }, 10, bounds)).toEqual(['ida']);
});

test('law 9: a user who was erased again is known by where the record lies, whichever machine dated the receipt', async () => {
  world = await createWorld(readDefinitions(JSON.stringify({ signals: { events: { count: '*', window: '5d' } } }), sha256Hex));
  keepFiles();
  await world.ingest(['ana', 'eve'].map((user) => order(user, 1)));
  await world.ingest([says(ERASE_TYPE, 'ana'), says(ERASE_TYPE, 'eve')]);
  await world.ingest(['ana', 'eve'].flatMap((user) => [says(LIFT_TYPE, user), order(user, 2)]));
  await world.turn();
  await world.run();
  for (const user of ['ana', 'eve']) await receiptOf(user, { recorded: { at: NOON_MS, position: '' } });
  // Both are dated before: ana's record is later than the cut; nothing says that the log ever took eve's, and it was asked for again.
  const earlier = NOON_MS - 60_000;
  await receiptOf('ana', { recorded: { at: earlier, position: '~' } }, earlier);
  await receiptOf('eve', {}, earlier);
  expect(await eventsOf('ana', 'eve')).toEqual({ ana: 0, eve: 1 });
});

test('law 9: values are not given of a user who is erased while they are computed', async () => {
  world = await createWorld(readDefinitions(JSON.stringify({ signals: { events: { count: '*', window: '5d' } } }), sha256Hex));
  await world.ingest(['ana', 'eve'].map((user) => order(user, 1)));
  await world.turn();
  await world.run();
  const erased = eventsMeanwhile(() => receiptOf('ana'), 'ana', 'eve');
  await expect(erased).rejects.toThrow('users must not be erased while their values are computed (got 1 who were)');
  expect(await eventsMeanwhile(() => receiptOf('somebody'), 'ana', 'eve')).toEqual({ ana: 0, eve: 1 });
});

test('law 9: what corrections read again of a user who was lifted is what came since, under ids of before as well', async () => {
  const definitions = definitionsOf(SMALL_DEFINITIONS);
  const correction = { name: 'renamed', when: 'channel == "search"', set: { channel: 'social' }, author: 'ada', reason: 'x' };
  const corrected = definitionsOf({
    ...SMALL_DEFINITIONS,
    corrections: [{ ...correction, from: '2026-03-01', to: '2026-03-02' }],
  });
  world = await createWorld(definitions);
  keepFiles();
  const log: Event[] = [order('ana', 100), says(ERASE_TYPE, 'ana'), says(LIFT_TYPE, 'ana'), order('ana', 700)];
  for (const one of log) await world.ingest([one]);
  await world.turn();
  await world.run();
  expect(Object.values((await world.manifest(1)).lifted ?? {})).toHaveLength(1);
  await world.run({ mode: 'incremental', definitions: corrected.json });
  expect(await world.manifest(2)).toMatchObject({ mode: 'incremental', base: 1, lifted: (await world.manifest(1)).lifted });
  expect(differences(await world.viewsOf(2), naive(naiveUnforgotten(log), corrected))).toEqual([]);
});

test('law 9: another key of digests in place of the one that is gone would know no user who was erased, and is not made', async () => {
  world = await createWorld(definitionsOf(SMALL_DEFINITIONS));
  await world.ingest([order('ana', 1), says(ERASE_TYPE, 'ana')]);
  await world.turn();
  await world.run();
  await unlink(dataPath(world.dataDir, 'erasureKey'));
  await expect(erasureKey(world.dataDir)).rejects.toThrow('erasure-key.json is gone, and generation 1 names users by it');
});
