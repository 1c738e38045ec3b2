/**
 * Law 1 of large commits on a real Redis: what reports of pages bring is bundles there (packages/store/src/format/row-bundle.ts), and rows in memory. Both say the
 * same, whatever becomes of the replies of commits, and of which generation is read.
 */
import { parseDefinitions } from '@tributary/model/definitions';
import { encodeEvent } from '@tributary/model/event';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { createSpeedStore } from '@tributary/store/commit/redis-speed-store';
import { READ_BOUNDS } from '@tributary/store/deltas/read-bounds';
import { BUNDLES_BYTES } from '@tributary/store/format/bounds';
import { partitionPrefix } from '@tributary/store/format/keys';
import type { SpeedStore } from '@tributary/store/speed-store';
import { HISTORY_PARTITIONS } from '@tributary/testkit/contracts/store-history';
import { commitOf } from '@tributary/testkit/contracts/store-under-test';
import { createRandom } from '@tributary/testkit/inputs/random';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { PartedRows } from '@tributary/views/parted-rows';
import { VIEWS } from '@tributary/views/registry';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSpeedWorker } from '../../services/speed/src/pipeline.ts';
import { type ContractStore, memoryStore, type RedisStores, startRedisStores } from '../contract/stores.ts';

let stores: RedisStores;
beforeAll(async () => {
  stores = await startRedisStores();
});
afterAll(() => stores?.stop());

const DEFINITIONS = parseDefinitions('{"web":{}}', sha256Hex);
const NAMES = VIEWS.filter(({ countsWeb }) => countsWeb).map(({ name }) => name);
const P = 1;

/** Reports of few pages and many elements; some come twice, some are of bots, and some of the names are not ASCII. */
function linesOf(seed: number, count: number): string[] {
  const random = createRandom(seed);
  const lines: string[] = [];
  for (let i = 0; i < count; i++) {
    const ts = Date.UTC(2026, 2, 1, 23 + (i % 2)) + i;
    const key = () => `${random.pick(['element', 'größe', '😀'])}-${random.between(0, 30)}`;
    const rows = (most: number, row: () => unknown) => Array.from({ length: random.between(0, most) }, row);
    const line = encodeEvent({
      ts,
      id: `${seed}-${i}`,
      type: random.chance(0.8) ? 'activity' : 'click',
      anonymousId: `visitor ${random.between(0, 40)}`,
      receivedAt: ts,
      source: 'web',
      page: `https://shop.example/product/${random.between(0, 5)}`,
      element: key(),
      properties: {
        viewId: `${seed}-${i % 9}`,
        layout: random.pick([0, 576, 992, 1_440]),
        ...(random.chance(0.1) && { bot: 'ua' }),
        ...{ kind: 'click', ex: random.between(0, 9_999), ey: random.between(0, 9_999) },
        ...{ engagedMs: 15_000, visibleMs: 15_000, hoverMs: 15_000, fromScrollBp: 0, maxScrollBp: 5_000 },
        bands: Array.from({ length: 20 }, () => random.between(0, 700)),
        els: rows(8, () => [
          key(),
          random.between(0, 900),
          random.between(0, 900),
          random.between(0, 1),
          0,
          random.between(0, 4_000),
          300,
          200,
        ]),
        moves: rows(40, () => [key(), random.between(0, 1_023), random.between(0, 300)]),
      },
    });
    lines.push(line);
    if (random.chance(0.1)) lines.push(line);
  }
  return lines;
}

/** Every third commit is lost, and every third is made and not known to be. */
function failing(store: SpeedStore): SpeedStore {
  let commits = 0;
  return {
    ...store,
    async commit(commit) {
      commits++;
      if (commits % 3 === 1) throw new Error('the commit was lost');
      const outcome = await store.commit(commit);
      if (commits % 3 === 2) throw new Error('the reply was lost');
      return outcome;
    },
  };
}

test('law 1: bundles and rows of reports of pages come to the same, though commits and replies are lost', async () => {
  const log = createMemoryLog({ partitions: HISTORY_PARTITIONS });
  const [redis, memory] = [await stores.make('bundles', READ_BOUNDS), await memoryStore()];
  const direct = new Redis(stores.server.url);
  async function catchUp(store: SpeedStore): Promise<void> {
    const limits = { maxEntries: 3, waitMs: 0 };
    const ids = { sha256Hex, digestOf: sha256Hex, commitId: () => crypto.randomUUID() };
    const worker = createSpeedWorker({ log, store, definitions: DEFINITIONS, partitions: [P], limits, ...ids });
    for (let idle = 0; idle < 3; idle++) {
      if ((await worker.runOnce().catch(() => 1)) > 0) idle = -1;
      await worker.settle();
    }
  }
  const deltasOf = async ({ serving }: ContractStore, from: number) => {
    const [whole] = await serving.readWhole([P], NAMES, from);
    const filled = [...(whole?.generations ?? [])].filter(([, { rows }]) => [...rows.values()].some(({ size }) => size > 0));
    return filled.map(([generation, { rows }]) => ({
      generation,
      rows: NAMES.map((name) => [name, [...(rows.get(name) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))] as const),
    }));
  };
  try {
    for (const generation of [0, 1, 2]) {
      for (const part of [0, 1, 2, 3, 4]) {
        const lines = linesOf(10 * generation + part, 150);
        await log.append(P, { kind: 'events', body: lines.join('\n') });
      }
      await catchUp(failing(redis.speed));
      await catchUp(memory.speed);
      const fields = await direct.hkeys(`${partitionPrefix('bundles', P)}d:${generation}:heat`);
      expect(fields.filter((field) => field.startsWith('\t')).length).toBeGreaterThan(0);
      const body = JSON.stringify({ generation: generation + 1, definitions: DEFINITIONS.json });
      await log.append(P, { kind: 'barrier', body });
    }
    await catchUp(redis.speed);
    await catchUp(memory.speed);
    const expected = await deltasOf(memory, 0);
    expect(expected.map(({ generation }) => generation)).toEqual([0, 1, 2]);
    for (const { rows } of expected) expect(new Map(rows).get('heat')?.length).toBeGreaterThan(1_000);
    expect(await deltasOf(redis, 0)).toEqual(expected);
    for (const { serving } of [redis, memory]) await serving.retireDeltas(2);
    expect(await deltasOf(redis, 2)).toEqual(await deltasOf(memory, 2));
    expect(await redis.generationsKept(P)).toEqual([2]);
  } finally {
    direct.disconnect();
  }
});

function largeCommit(from: string | null, to: string) {
  const parts = new PartedRows(1, ['']);
  for (let i = 0; i < 1_100; i++) parts.addParts('/', `${i}`, 0, [1], 1);
  return { ...commitOf(from, to, { deltas: new Map([['heat', parts]]) }), partition: P };
}

test('law 1: a generation is full of bundles, and somebody begins to read in pages before the rows come: the commit is made all the same', async () => {
  const redis = connectRedis(stores.server.url, 'commit', () => {});
  try {
    await whenReady(redis, 5_000);
    const { speed, serving } = await stores.make('full', READ_BOUNDS);
    const prefix = partitionPrefix('full', P);
    expect(await speed.commit(largeCommit(null, 'p1'))).toBe('committed');
    await redis.hset(`${prefix}n:0`, 'bundles', BUNDLES_BYTES);
    const replies: string[] = [];
    const watched = new Proxy(redis, {
      get(of, name) {
        const command = Reflect.get(of, name);
        if (name !== 'sendCommand') return command;
        return async (sent: unknown) => {
          const reply = await command.call(of, sent);
          replies.push(JSON.stringify(reply));
          if (replies.at(-1)?.includes('as rows')) await redis.set(`${prefix}reading`, 1);
          return reply;
        };
      },
    });
    expect(await createSpeedStore(watched, 'full').commit(largeCommit('p1', 'p2'))).toBe('committed');
    expect(replies).toEqual(['as rows', 'as JSON', 'committed'].map((reply) => JSON.stringify([[0, reply]])));
    const [whole] = await serving.readWhole([P], ['heat'], 0);
    const heat = [...(whole?.generations.get(0)?.rows.get('heat') ?? [])];
    expect([heat.length, new Set(heat.flatMap(([, measures]) => measures))]).toEqual([1_100, new Set([2])]);
  } finally {
    redis.disconnect();
  }
});

test('law 7: a generation that was retired has no bundles, and nothing counts them', async () => {
  const { speed, serving, generationsKept } = await stores.make('retired-bundles');
  expect(await speed.commit(largeCommit(null, 'p1'))).toBe('committed');
  expect(await generationsKept(P)).toEqual([0]);
  await serving.retireDeltas(1);
  expect(await generationsKept(P)).toEqual([]);
  expect(await speed.commit(largeCommit('p1', 'p2'))).toBe('committed');
  expect(await generationsKept(P)).toEqual([]);
});
