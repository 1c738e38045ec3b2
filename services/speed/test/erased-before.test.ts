/** A speed layer that begins from nothing, over a log and an archive that no longer have the record of an erasure. */
import type { ErasedBehind } from '@tributary/archive/forgotten';
import { encodeEvent } from '@tributary/model/event';
import { createSpeedWorker } from '@tributary/speed/pipeline';
import type { Commit, SpeedStore } from '@tributary/store/speed-store';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { expect, test } from 'vitest';

const NO_LISTS = { before: async () => [], behind: async () => null, mustReload: () => false };

const body = (userId: string, id: string, type = 'click', source = 'test') =>
  encodeEvent({ ts: 1_000, type, id, userId, receivedAt: 1_000, source });
const says = (userId: string, type: string, id: string) => body(userId, id, `tributary.${type}`, 'tributary');

test('law 9: what comes of a user is refused from the first entry on where archived files lack the record, until a lift', async () => {
  const log = createMemoryLog({ partitions: 1 });
  const store = createMemoryStore({ partitions: 1 });
  const speed = store.speed();
  let asked = 0;
  const worker = createSpeedWorker({
    log,
    store: speed,
    definitions: definitionsOf(SMALL_DEFINITIONS),
    partitions: [0],
    sha256Hex,
    digestOf: sha256Hex,
    erasedLists: {
      ...NO_LISTS,
      before: async (partition: number) => {
        asked += partition + 1;
        return [sha256Hex('ana')];
      },
    },
    commitId: () => `c${Math.random()}`,
    limits: { waitMs: 0 },
  });
  const records = async () => (await speed.loadRecords(0, ['ana', 'eve'], 1e6)).records.map((record) => record !== null);
  const append = async (...lines: string[]) => {
    await log.append(0, { kind: 'events', body: lines.join('\n') });
    while ((await worker.runOnce()) > 0);
    await worker.settle();
  };
  await append(body('ana', '1'), body('eve', '1'));
  expect(await records()).toEqual([false, true]);
  expect((await speed.loadState(0))?.erased).toEqual([sha256Hex('ana')]);
  await append(body('ana', 'lift', 'tributary.lift', 'tributary'), body('ana', '2'));
  expect(await records()).toEqual([true, true]);
  expect((await speed.loadState(0))?.erased).toEqual([]);
  expect(asked).toBe(1);
});

test.each([
  ['begins', true],
  ['soon begins', false],
])(
  'law 9: a partition that begins from nothing where the log %s between an erasure and its end counts from the end on',
  async (_when, isTrimmed) => {
    const log = createMemoryLog({ partitions: 1 });
    const speed = createMemoryStore({ partitions: 1 }).speed();
    const append = (...lines: string[]) => log.append(0, { kind: 'events', body: lines.join('\n') });
    const before = await append(body('ana', '1'), body('ana', 'e', 'tributary.erase', 'tributary'));
    await append(body('ana', '2'));
    const end = await append(body('ana', 'l', 'tributary.lift', 'tributary'), body('ana', '3'));
    if (isTrimmed) await log.trim(0, before);
    const read: typeof log.read = async (...asked) => {
      await log.trim(0, before);
      return log.read(...asked);
    };
    const lifted = { [sha256Hex('ana')]: end, [sha256Hex('ida')]: before };
    const worker = createSpeedWorker({
      ...{
        log: { ...log, read },
        store: speed,
        definitions: definitionsOf(SMALL_DEFINITIONS),
        partitions: [0],
        sha256Hex,
        digestOf: sha256Hex,
      },
      erasedLists: {
        ...NO_LISTS,
        behind: async (_, position) => (position < end ? { erased: [sha256Hex('eve')], lifted, upTo: '' } : null),
      },
      commitId: () => `c${Math.random()}`,
      limits: { waitMs: 0 },
    });
    while ((await worker.runOnce()) > 0);
    await worker.settle();
    expect(await speed.loadRecords(0, ['ana'], 1e6)).toMatchObject({ records: [`${body('ana', '3')}\n`] });
    expect((await speed.loadState(0))?.erased).toEqual([sha256Hex('eve')]);
  },
);

test('law 1: who was lifted counts from then on where the log is trimmed beyond the lift while a partition is loaded', async () => {
  const log = createMemoryLog({ partitions: 1 });
  const speed = createMemoryStore({ partitions: 1 }).speed();
  const append = (...lines: string[]) => log.append(0, { kind: 'events', body: lines.join('\n') });
  const start = await append(body('ana', 'e', 'tributary.erase', 'tributary'));
  const end = await append(body('ana', 'l', 'tributary.lift', 'tributary'));
  await append(body('eve', '1'));
  await append(body('ana', '2'));
  await append(body('ana', 'again', 'tributary.erase', 'tributary'), body('ana', '3'));
  await append(body('ana', 'l2', 'tributary.lift', 'tributary'), body('ana', '4'));
  await log.trim(0, start);
  const starts = async () => {
    const known = await log.starts();
    await log.trim(0, end);
    return known;
  };
  const lifted = { [sha256Hex('ana')]: end, [sha256Hex('ida')]: end };
  const worker = createSpeedWorker({
    ...{ store: speed, definitions: definitionsOf(SMALL_DEFINITIONS), partitions: [0], sha256Hex, digestOf: sha256Hex },
    log: { ...log, starts },
    erasedLists: { ...NO_LISTS, behind: async () => ({ erased: [], lifted, upTo: '' }) },
    commitId: () => `c${Math.random()}`,
    limits: { waitMs: 0, maxEntries: 1 },
  });
  const kept: unknown[] = [];
  for (let idle = 0; idle < 2; ) {
    idle = (await worker.runOnce()) > 0 ? 0 : idle + 1;
    await worker.settle();
    kept.push((await speed.loadRecords(0, ['ana'], 1e6)).records[0], (await speed.loadState(0))?.erased);
  }
  expect(kept).toContain(`${body('ana', '2')}\n`);
  expect(kept).toContainEqual([sha256Hex('ana')]);
  expect(kept.slice(-2)).toEqual([`${body('ana', '4')}\n`, []]);
});

test('law 1: what the log gives of records from before a lift does not replace the lift, which log and archive lack', async () => {
  const log = createMemoryLog({ partitions: 1 });
  const speed = createMemoryStore({ partitions: 1 }).speed();
  const append = (...lines: string[]) => log.append(0, { kind: 'events', body: lines.join('\n') });
  await log.trim(0, await append(body('eve', '0')));
  await append(
    says('ana', 'erase', 'e'),
    says('ida', 'erase', 'e'),
    says('ida', 'lift', 'l'),
    body('ana', '1'),
    body('ida', '1'),
  );
  const again = await append(says('ida', 'erase', 'again'));
  const end = await append(says('ana', 'lift', 'l'), says('ida', 'lift', 'l2'));
  const lifted = { [sha256Hex('ana')]: end, [sha256Hex('ida')]: end };
  // As archived files give them that were written again: a segment ends with the lifts.
  const read: typeof log.read = async (...asked) =>
    (await log.read(...asked))
      .filter(({ position }) => position !== again)
      .map((entry) => (entry.position === end ? { ...entry, kind: 'heartbeat', body: '{"receivedAt":0}' } : entry));
  const worker = createSpeedWorker({
    ...{ store: speed, definitions: definitionsOf(SMALL_DEFINITIONS), partitions: [0], sha256Hex, digestOf: sha256Hex },
    log: { ...log, read },
    erasedLists: { ...NO_LISTS, behind: async () => ({ erased: [], lifted, upTo: '' }) },
    commitId: () => `c${Math.random()}`,
    limits: { waitMs: 0 },
  });
  const run = async () => {
    while ((await worker.runOnce()) > 0);
    await worker.settle();
    return speed.loadState(0);
  };
  expect(await run()).toMatchObject({ position: end, erased: [] });
  await append(body('ana', '2'), body('ida', '2'));
  expect((await run())?.erased).toEqual([]);
  const records = [`${body('ana', '2')}\n`, `${body('ida', '2')}\n`];
  expect(await speed.loadRecords(0, ['ana', 'ida'], 1e6)).toMatchObject({ records });
});

test('law 9: a lift ends nothing that was erased after it within one commit, and one that lies ahead keeps no other from ending', async () => {
  const log = createMemoryLog({ partitions: 1 });
  const speed = createMemoryStore({ partitions: 1 }).speed();
  const append = (...lines: string[]) => log.append(0, { kind: 'events', body: lines.join('\n') });
  await append(says('ana', 'erase', 'e'));
  const end = await append(says('ana', 'lift', 'l'));
  await append(says('ana', 'erase', 'again'));
  await append(body('ana', '1'));
  const lifted = { [sha256Hex('eve')]: '~', [sha256Hex('ida')]: end, [sha256Hex('ana')]: end };
  const worker = createSpeedWorker({
    ...{ store: speed, definitions: definitionsOf(SMALL_DEFINITIONS), partitions: [0], sha256Hex, digestOf: sha256Hex },
    ...{ log, erasedLists: { ...NO_LISTS, behind: async () => ({ erased: [], lifted, upTo: '' }) } },
    ...{ commitId: () => 'c', limits: { waitMs: 0 } },
  });
  await worker.runOnce();
  await worker.settle();
  expect(new Set((await speed.loadState(0))?.erased)).toEqual(new Set([sha256Hex('ana'), sha256Hex('eve')]));
  expect(await speed.loadRecords(0, ['ana'], 1e6)).toMatchObject({ records: [null] });
});

test('law 9: in one entry, what comes before a lift is refused and what comes after it counts', async () => {
  const log = createMemoryLog({ partitions: 1 });
  const lines = [body('ana', '1'), body('ana', 'l', 'tributary.lift', 'tributary'), body('ana', '2')];
  const end = await log.append(0, { kind: 'events', body: lines.join('\n') });
  const speed = createMemoryStore({ partitions: 1 }).speed();
  const behind = async () => ({ erased: [], lifted: { [sha256Hex('ana')]: end }, upTo: '' });
  const worker = createSpeedWorker({
    ...{ store: speed, definitions: definitionsOf(SMALL_DEFINITIONS), partitions: [0], sha256Hex, digestOf: sha256Hex },
    ...{ log, erasedLists: { ...NO_LISTS, behind }, commitId: () => 'c', limits: { waitMs: 0 } },
  });
  await worker.runOnce();
  await worker.settle();
  expect((await speed.loadState(0))?.erased).toEqual([]);
  expect(await speed.loadRecords(0, ['ana'], 1e6)).toMatchObject({ records: [`${body('ana', '2')}\n`] });
});

test('law 9: a store that was put back to before an erasure loses the user before it reads on, where neither log nor archive has the record', async () => {
  const log = createMemoryLog({ partitions: 1 });
  const store = createMemoryStore({ partitions: 1 });
  const speed = store.speed();
  const append = (...lines: string[]) => log.append(0, { kind: 'events', body: lines.join('\n') });
  const users = ['ana', 'eve', 'ida', 'uma'];
  const recorded = async () => {
    const { records } = await speed.loadRecords(0, users, 1e6);
    return users.filter((_, i) => records[i] != null);
  };
  const workerOn = (found: ErasedBehind | null, { commit }: Pick<SpeedStore, 'commit'> = speed) =>
    createSpeedWorker({
      ...{ log, definitions: definitionsOf(SMALL_DEFINITIONS), partitions: [0], sha256Hex, digestOf: sha256Hex },
      store: { ...speed, commit },
      erasedLists: { ...NO_LISTS, behind: async () => found },
      commitId: () => `c${Math.random()}`,
      limits: { waitMs: 0, outputs: 'conversions' },
    });
  const run = async (worker: ReturnType<typeof workerOn>) => {
    while ((await worker.runOnce()) > 0);
    await worker.settle();
  };
  await append(...users.map((user) => body(user, '1')), body('ola', '1'));
  const trimmed = await append(body('ola', 'e', 'tributary.erase', 'tributary'));
  await run(workerOn(null));
  expect(await recorded()).toEqual(users);
  await log.trim(0, trimmed);
  // ida and ola were lifted where the log does not reach any more, uma where it still does.
  const lifted = { [sha256Hex('ida')]: trimmed, [sha256Hex('uma')]: '~', [sha256Hex('ola')]: trimmed };
  const behind = { erased: [sha256Hex('ana'), sha256Hex('somebody')], lifted, upTo: '' };
  expect((await speed.loadState(0))?.erased).toEqual([sha256Hex('ola')]);
  await append(...[...users, 'ola'].map((user) => body(user, '3')));
  // One that is killed behind the first commit leaves the rest to the next one.
  let commits = 0;
  const dies = { commit: (commit: Commit) => (commits++ < 1 ? speed.commit(commit) : Promise.reject(new Error('killed'))) };
  await expect(workerOn(behind, dies).runOnce()).rejects.toThrow('killed');
  expect(await recorded()).toEqual(['eve', 'ida', 'uma']);
  await run(workerOn(behind));
  expect(await recorded()).toEqual(['eve', 'ida']);
  expect(await speed.loadRecords(0, ['ida'], 1e6)).toMatchObject({ records: [`${body('ida', '3')}\n`] });
  expect((await speed.loadState(0))?.erased).toEqual(['ana', 'uma', 'somebody'].map(sha256Hex));
  // The store that was put back refuses ola, and nothing gives the lift any more.
  expect(await speed.loadRecords(0, ['ola'], 1e6)).toMatchObject({ records: [`${body('ola', '3')}\n`] });
  // Known by now: nothing is looked for again.
  const stood = (await speed.loadState(0))?.commitId;
  await run(workerOn({ ...behind, lifted: {} }));
  expect((await speed.loadState(0))?.commitId).toBe(stood);
  // Who listens hears once of each who is erased still. Who was lifted has lines from behind the lift, which come again under the names that they had:
  // nothing may say that these are to be dropped.
  const said = (await store.outbox().read(0, 100)).lines.map((line) => JSON.parse(line) as { type: string; userKey: string });
  expect(new Set(said.map(({ type }) => type))).toEqual(new Set(['user.erased']));
  expect(said.map(({ userKey }) => userKey).sort()).toEqual(['ana', 'ola']);
});

test('law 9: a store that is empty only while an erased user is looked for, and put back after it, is looked through again', async () => {
  const log = createMemoryLog({ partitions: 1 });
  const store = createMemoryStore({ partitions: 1 });
  const speed = store.speed();
  const empty = store.snapshot(0);
  let erased: string[] = [];
  let emptied = 0;
  const replaced: SpeedStore = {
    ...speed,
    async scanUsers(...asked) {
      if (emptied++ > 0) return speed.scanUsers(...asked);
      const copy = store.snapshot(0);
      store.restore(0, empty);
      const found = await speed.scanUsers(...asked);
      store.restore(0, copy);
      return found;
    },
  };
  const workerOn = (at: SpeedStore) =>
    createSpeedWorker({
      ...{ log, store: at, definitions: definitionsOf(SMALL_DEFINITIONS), partitions: [0], sha256Hex, digestOf: sha256Hex },
      erasedLists: { ...NO_LISTS, behind: async () => ({ erased, lifted: {}, upTo: '' }) },
      commitId: () => `c${Math.random()}`,
      limits: { waitMs: 0 },
    });
  const run = async (worker: ReturnType<typeof workerOn>) => {
    while ((await worker.runOnce()) > 0);
    await worker.settle();
  };
  const first = workerOn(speed);
  await log.append(0, { kind: 'events', body: [body('ana', '1'), body('eve', '1')].join('\n') });
  await run(first);
  erased = [sha256Hex('ana')];
  const next = workerOn(replaced);
  await expect(run(next)).rejects.toMatchObject({ code: 'conflict' });
  await run(next);
  expect(await speed.loadRecords(0, ['ana', 'eve'], 1e6)).toMatchObject({ records: [null, `${body('eve', '1')}\n`] });
  expect((await speed.loadState(0))?.erased).toEqual(erased);
});

test('law 9: a lift from before an erasure that archived files know of ends nothing where their record is gone meanwhile', async () => {
  const log = createMemoryLog({ partitions: 1 });
  const speed = createMemoryStore({ partitions: 1 }).speed();
  const append = (...lines: string[]) => log.append(0, { kind: 'events', body: lines.join('\n') });
  const early = await append(body('eve', '1'), says('ana', 'lift', 'l'), body('ana', '1'));
  await append(body('ana', '2'), says('ana', 'erase', 'e'));
  const cut = await append(body('eve', '2'));
  const last = await append(body('ana', '3'), says('ida', 'lift', 'l'), body('ida', '1'));
  // What is read behind the first entry comes from files that were written again.
  const read: typeof log.read = async (...asked) =>
    (await log.read(...asked)).filter(({ position }) => position <= early || position >= cut);
  const erased = ['ana', 'ida'].map(sha256Hex);
  const worker = createSpeedWorker({
    ...{ store: speed, definitions: definitionsOf(SMALL_DEFINITIONS), partitions: [0], sha256Hex, digestOf: sha256Hex },
    log: { ...log, read },
    erasedLists: { ...NO_LISTS, behind: async () => ({ erased, lifted: {}, upTo: cut }) },
    commitId: () => `c${Math.random()}`,
    limits: { waitMs: 0 },
  });
  while ((await worker.runOnce()) > 0);
  await worker.settle();
  expect(await speed.loadState(0)).toMatchObject({ position: last, erased: [sha256Hex('ana')] });
  // A lift behind the cut ends it.
  expect(await speed.loadRecords(0, ['ana', 'ida'], 1e6)).toMatchObject({ records: [null, `${body('ida', '1')}\n`] });
});
