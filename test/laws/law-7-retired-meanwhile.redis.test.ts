/**
 * Law 7 of generations that are retired while somebody reads their deltas, on a real Redis: retirement is a marker and then one deletion after
 * the other, and each of its commands may come between any two replies of a reader. Who reads what is kept gets all of it, and who reads what
 * goes gets all of it or `deltas_retired`: never a part.
 */
import type { GenerationManifest } from '@tributary/archive/layout';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { createDeltaFollower } from '@tributary/serving/deltas/follower';
import { loadedGeneration } from '@tributary/serving/generations/loaded';
import { projectionOf } from '@tributary/serving/merge';
import { READ_BOUNDS } from '@tributary/store/deltas/read-bounds';
import { createServingStore } from '@tributary/store/serving/redis-serving-store';
import { HISTORY_PARTITIONS } from '@tributary/testkit/contracts/store-history';
import { commitOf, P, VIEW } from '@tributary/testkit/contracts/store-under-test';
import { conversions } from '@tributary/views/conversions/fold';
import { addRow, type Rows } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ContractStore, type RedisStores, startRedisStores } from '../contract/stores.ts';

const [GENERATIONS, KEEP, ROWS] = [4, 2, 5];
const QUESTION = projectionOf(conversions, { days: { fromDay: null, toDay: null }, equal: {}, by: ['type'] });
const IN_PAGES = { ...READ_BOUNDS, pageRows: 2, mostAtOnce: 1 };

let stores: RedisStores;
let redis: Redis;
beforeAll(async () => {
  stores = await startRedisStores();
  redis = connectRedis(stores.server.url, 'serving', () => {});
  await whenReady(redis, 5_000);
  await redis.config('SET', 'hash-max-listpack-entries', '1');
});
afterAll(async () => {
  redis?.disconnect();
  await stores?.stop();
});

/** Commits of partition 2, and what was counted at each position from a generation on. */
function historyOf({ speed }: ContractStore) {
  const counted = new Map<string, ReadonlyMap<number, Rows>>();
  let sums: ReadonlyMap<number, Rows> = new Map();
  let made = 0;
  async function commit(key: number, isBarrier = false): Promise<void> {
    const before = await speed.loadState(P);
    const generation = before?.generation ?? 0;
    const position = String(++made).padStart(6, '0');
    const row = [`2026-03-01\ttype ${key}\tEUR`, [made, 1]] as const;
    const next = isBarrier ? generation + 1 : generation;
    const outcome = await speed.commit({
      ...commitOf(before?.position ?? null, position),
      expectedCommit: before?.commitId ?? '',
      next: { position, logIdentity: 'log-1', logTimeMs: made, generation: next, definitions: '{}' },
      deltas: new Map([[VIEW, new Map([[row[0], [...row[1]]]])]]),
      deltasGeneration: generation,
    });
    expect(outcome).toBe('committed');
    const after = structuredClone(sums) as Map<number, Rows>;
    const own = after.get(generation) ?? new Map();
    addRow(own, ...row);
    sums = after.set(generation, own);
    counted.set(position, sums);
  }
  return {
    commit,
    async fill(): Promise<void> {
      for (let generation = 0; generation < GENERATIONS; generation++)
        for (let key = 0; key < ROWS; key++) await commit(key, key === ROWS - 1 && generation < GENERATIONS - 1);
    },
    expected(position: string | null | undefined, from: number): Rows {
      const sum: Rows = new Map();
      for (const [generation, rows] of counted.get(position ?? '') ?? []) if (generation >= from) QUESTION.addTo(sum, rows);
      return sum;
    },
  };
}

/** Calls something before each command of these names, and may refuse it. */
function watched(names: RegExp, before: (name: string) => Promise<void>): Redis {
  return new Proxy(redis, {
    get(of, name) {
      const command = Reflect.get(of, name);
      if (typeof name !== 'string' || typeof command !== 'function' || !names.test(name)) return command;
      return async (...args: unknown[]) => {
        await before(name);
        return command.apply(of, args);
      };
    },
  });
}

/** A retirement whose commands come one at a time. */
function retirementOf(namespace: string) {
  const waiting: (() => void)[] = [];
  const store = createServingStore(
    watched(/^(tributaryRetired?|unlink)$/, () => new Promise((resolve) => void waiting.push(resolve))),
    namespace,
    HISTORY_PARTITIONS,
    VIEWS,
  );
  let work: Promise<unknown> | null = null;
  let isOver = false;
  return {
    isOver: () => isOver,
    async step(): Promise<void> {
      work ??= store.retireDeltas(KEEP).finally(() => {
        isOver = true;
      });
      work.catch(() => undefined);
      waiting.shift()?.();
      // What was sent before it on this connection has been answered.
      await redis.ping().catch(() => undefined);
    },
    async end(): Promise<void> {
      while (!isOver) await this.step();
      await work;
    },
  };
}

const READS = /^(tributaryRead(Page|Deltas)Buffer|tributaryFollow)$/;
const SINGLE_KEYS = /^(tributaryRead(Rows|Entries)Buffer|hgetall|hmget|hmgetBuffer|hlen|pttl|set)$/;

/** As while a slot moves for ever: no script finds its keys together. */
async function moving(name: string): Promise<void> {
  if (READS.test(name)) throw new Error('TRYAGAIN Multiple keys request during rehashing of slot');
}

interface Reader {
  readonly name: string;
  readonly commits: boolean;
  readonly commands: RegExp;
  readonly before: (name: string) => Promise<void>;
}

const READERS: readonly Reader[] = [
  { name: 'by scripts', commits: false, commands: READS, before: async () => undefined },
  { name: 'by scripts, while commits go on', commits: true, commands: READS, before: async () => undefined },
  { name: 'key by key', commits: false, commands: new RegExp(`${READS.source}|${SINGLE_KEYS.source}`), before: moving },
];

/** Reads from `from` on while a retirement begins before the reply `first`, `steps` of its commands before each reply from there on. */
async function readBeside(reader: Reader, { from, first, steps }: { from: number; first: number; steps: number }) {
  const namespace = `retired-${Math.random()}`;
  const store = await stores.make(namespace);
  const history = historyOf(store);
  await history.fill();
  const retirement = retirementOf(namespace);
  let replies = 0;
  let last: Promise<void> = Promise.resolve();
  async function between(): Promise<void> {
    if (++replies < first) return;
    for (let step = 0; step < steps && !retirement.isOver(); step++) await retirement.step();
    if (reader.commits) await history.commit(replies % 9);
  }
  const source = watched(reader.commands, async (name) => {
    await reader.before(name);
    // Partitions are read side by side.
    last = last.then(between);
    await last;
  });
  const serving = createServingStore(source, namespace, HISTORY_PARTITIONS, VIEWS, { bounds: IN_PAGES });
  const follower = createDeltaFollower({ partitions: HISTORY_PARTITIONS, store: serving, now: () => 0 });
  const loaded = await loadedGeneration(from, { generation: from } as GenerationManifest, new Map());

  async function poll(): Promise<'exact' | 'retired'> {
    try {
      const taken = await follower.poll(from, [VIEW]);
      const expected = history.expected(taken.states[P]?.position, from);
      expect(taken.answer(loaded, QUESTION, 'speed')).toEqual(expected);
      expect(expected.size).toBeGreaterThan(0);
      return 'exact';
    } catch (error) {
      expect(error).toMatchObject({ code: 'deltas_retired' });
      return 'retired';
    }
  }
  const outcome = await poll();
  const sum = await serving.deltas([VIEW], from).then(
    (read) => read[P],
    (error) => void expect(error).toMatchObject({ code: 'deltas_retired' }),
  );
  if (sum !== undefined) {
    const rows: Rows = new Map();
    QUESTION.addTo(rows, sum.rows.get(VIEW) ?? new Map());
    expect(rows).toEqual(history.expected(sum.state?.position, from));
  }
  await retirement.end();
  expect(await store.generationsKept(P)).toEqual([KEEP, KEEP + 1]);
  return { outcome, sum: sum === undefined ? 'retired' : 'exact', after: await poll(), replies };
}

test.each(READERS)(
  'law 7: whichever commands of a retirement come between whichever replies, a reader has all or is refused ($name)',
  async (reader) => {
    const outcomes = { exact: 0, retired: 0 };
    const { replies } = await readBeside(reader, { from: KEEP, first: Number.POSITIVE_INFINITY, steps: 0 });
    expect(replies).toBeGreaterThan(10);
    const some = 1 + Math.floor(replies / 12);
    for (const steps of [1, 100])
      for (let first = 1 + (steps % some); first <= replies; first += some) {
        const { outcome, after } = await readBeside(reader, { from: 0, first, steps });
        outcomes[outcome]++;
        expect(after).toBe('retired');
        if (steps > 1) continue;
        // What is kept is read as if nothing happened.
        const kept = await readBeside(reader, { from: KEEP, first, steps });
        expect(kept).toMatchObject({ outcome: 'exact', sum: 'exact', after: 'exact' });
      }
    expect(outcomes.exact).toBeGreaterThan(1);
    expect(outcomes.retired).toBeGreaterThan(1);
  },
);

test.each([1, 4, 5, 6, 7])(
  'law 7: Redis that is killed after %i commands of a retirement has all that is kept, and the next retirement ends it',
  async (killedAfter) => {
    const namespace = `killed-${killedAfter}`;
    const store = await stores.make(namespace);
    const history = historyOf(store);
    await history.fill();
    const retirement = retirementOf(namespace);
    for (let step = 0; step < killedAfter; step++) await retirement.step();
    await stores.server.kill();
    await stores.server.restart();
    await stores.ready();
    await whenReady(redis, 10_000);
    const serving = createServingStore(redis, namespace, HISTORY_PARTITIONS, VIEWS, { bounds: IN_PAGES });
    const kept = await serving.deltas([VIEW], KEEP);
    const rows: Rows = new Map();
    QUESTION.addTo(rows, kept[P]?.rows.get(VIEW) ?? new Map());
    expect(rows).toEqual(history.expected(kept[P]?.state?.position, KEEP));
    for (let from = 0; from < KEEP; from++) {
      const gone = await serving.deltas([VIEW], from).catch((error: { code: string }) => error.code);
      if (gone === 'deltas_retired') continue;
      const old: Rows = new Map();
      QUESTION.addTo(old, (gone as typeof kept)[P]?.rows.get(VIEW) ?? new Map());
      expect(old).toEqual(history.expected(kept[P]?.state?.position, from));
    }
    await store.serving.retireDeltas(KEEP);
    expect(await store.generationsKept(P)).toEqual([KEEP, KEEP + 1]);
  },
);
