/**
 * What it costs the speed worker to follow who is in segments: the same filled log without definitions, with 20 definitions of all kinds of which one is
 * a segment, and with four segments that six events in ten are something to; in turn. And how fast four segments that are new are followed from what came before.
 */
import { randomUUID } from 'node:crypto';
import type { EventLog } from '@tributary/log/port';
import type { Definitions } from '@tributary/model/definitions';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { readDefinitions } from '@tributary/signals/definitions/file';
import { createSpeedStore } from '@tributary/store/commit/redis-speed-store';
import type { Redis } from 'ioredis';
import { createSpeedWorker } from '../../services/speed/src/pipeline.ts';
import { fill } from './fill.ts';
import { PARTITIONS, redisCpu, usedMemory, withRedisLog } from './redis-log.ts';
import type { Figure } from './report.ts';
import { TWENTY_DEFINITIONS } from './signals.ts';
import type { Workload } from './workload.ts';

const ROUNDS = 3;
const SEGMENTS = {
  ...TWENTY_DEFINITIONS.segments,
  lapsed: { enter: "type == 'purchase'", absence: { not: "type == 'purchase'", for: '7d' } },
  browsing: { enter: "type in ['product_view', 'scroll']", ttl: '3d', exit: "type == 'purchase' && value > 15000" },
  clicked: { enter: "type == 'ad_click' && channel == 'email'", ttl: '5d' },
};
const KINDS = {
  none: {},
  twenty: TWENTY_DEFINITIONS,
  'four segments': { segments: SEGMENTS },
};

const NONE = readDefinitions('{}', sha256Hex);

interface Measured {
  readonly nodeMicros: number;
  readonly redisMicros: number;
  readonly seconds: number;
  readonly memory: number;
}

export async function benchSegments(load: Workload): Promise<Figure[]> {
  return withRedisLog(async (log, store) => {
    await fill(log, load);
    const all = new Map<string, Measured[]>(Object.keys(KINDS).map((kind) => [kind, []]));
    let members = 0;
    for (let round = 0; round < ROUNDS; round++)
      for (const [kind, definitions] of Object.entries(KINDS)) {
        all
          .get(kind)
          ?.push(
            await measure(store, load.events, () => catchUp(log, store, readDefinitions(JSON.stringify(definitions), sha256Hex))),
          );
        if (kind === 'four segments') members = await entries(store);
        await store.eval("for _, key in ipairs(redis.call('KEYS', 'bench:*')) do redis.call('UNLINK', key) end", 0);
      }
    const backfilled = await backfill(log, store, load.events);
    const best = (kind: string) => (all.get(kind) as Measured[]).reduce((a, b) => (b.nodeMicros < a.nodeMicros ? b : a));
    const none = best('none');
    const following = ['twenty', 'four segments'].map((kind): Figure => {
      const one = best(kind);
      const bytes =
        kind === 'twenty'
          ? ''
          : `; ${members} entries of members and due users, ${Math.round((one.memory - none.memory) / members)} bytes each`;
      return {
        section: 'segments',
        figure: `worker with ${kind === 'twenty' ? '20 definitions of all kinds, one a segment' : kind}, of one without`,
        value: none.seconds / one.seconds,
        unit: '×',
        goal: { value: 0.6, better: 'more' as const },
        note: `${Math.round(load.events / one.seconds).toLocaleString('en')} events/s; CPU per event: worker ${one.nodeMicros.toFixed(1)} µs for ${none.nodeMicros.toFixed(1)}, Redis ${one.redisMicros.toFixed(1)} for ${none.redisMicros.toFixed(1)}${bytes}`,
      };
    });
    return [...following, ...backfilled];
  });
}

/** A barrier brings four segments to users of whom everything is stored: until each was looked at, they are BACKFILLING. */
async function backfill(log: EventLog, store: Redis, events: number): Promise<Figure[]> {
  const drain = drainOf(log, store, NONE);
  await drain();
  const { json } = readDefinitions(JSON.stringify(KINDS['four segments']), sha256Hex);
  for (let partition = 0; partition < PARTITIONS; partition++)
    await log.append(partition, { kind: 'barrier', body: JSON.stringify({ generation: 1, definitions: json }) });
  const { seconds, nodeMicros, redisMicros } = await measure(store, events, drain);
  const states = await Promise.all(Array.from({ length: PARTITIONS }, (_, p) => store.hget(`bench:{${p}}:state`, 'watched')));
  const members = await entries(store);
  if (members === 0 || states.some((watched) => watched?.split(' ')[2] !== '1'))
    throw new Error(`every user must have been looked at: ${states.join('; ')}`);
  return [
    {
      ...{ section: 'segments', figure: 'four segments that are new, from what came before', value: events / seconds },
      ...{ unit: 'events/s', goal: { value: 200_000, better: 'more' } },
      note: `CPU per event: worker ${nodeMicros.toFixed(2)} µs, Redis ${redisMicros.toFixed(2)}; ${members} entries of members and due users`,
    },
  ];
}

async function catchUp(log: EventLog, store: Redis, definitions: Definitions): Promise<void> {
  await drainOf(log, store, definitions)();
}

/** A worker of its own, as far as there is something to do. */
function drainOf(log: EventLog, store: Redis, definitions: Definitions): () => Promise<void> {
  const worker = createSpeedWorker({
    log,
    store: createSpeedStore(store, 'bench'),
    definitions,
    partitions: Array.from({ length: PARTITIONS }, (_, p) => p),
    sha256Hex,
    digestOf: sha256Hex,
    commitId: randomUUID,
    limits: { maxEntries: 10, waitMs: 0 },
  });
  return async () => {
    while ((await worker.runOnce()) > 0);
    await worker.settle();
  };
}

async function measure(redis: Redis, events: number, work: () => Promise<void>): Promise<Measured> {
  const redisBefore = await redisCpu(redis);
  const before = await usedMemory(redis);
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1_000;
  const cpu = process.cpuUsage(cpuBefore);
  return {
    seconds,
    nodeMicros: (cpu.user + cpu.system) / events,
    redisMicros: ((await redisCpu(redis)) - redisBefore) / events,
    memory: (await usedMemory(redis)) - before,
  };
}

/** How many members there are, and users who are due. */
async function entries(redis: Redis): Promise<number> {
  const keys = [...(await redis.keys('bench:*:members:*')), ...(await redis.keys('bench:*:due'))];
  const counts = await Promise.all(keys.map((key) => redis.zcard(key)));
  return counts.reduce((sum, count) => sum + count, 0);
}
