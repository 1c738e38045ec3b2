/**
 * The speed worker on a filled log, beside a bare loop that reads the same log, parses each line and appends it to its
 * user's record with one script per partition and batch: no timelines, no views, no fence.
 */
import { randomUUID } from 'node:crypto';
import type { EventLog, LogEntry } from '@tributary/log/port';
import { builtInDefinitions, sha256Hex } from '@tributary/runtime/config/definitions';
import { createSpeedStore } from '@tributary/store/commit/redis-speed-store';
import { VIEWS } from '@tributary/views/registry';
import type { View } from '@tributary/views/view';
import type { Redis } from 'ioredis';
import { createSpeedWorker } from '../../services/speed/src/pipeline.ts';
import { fill } from './fill.ts';
import { percentile } from './platform.ts';
import { PARTITIONS, redisCpu, usedMemory, withRedisLog } from './redis-log.ts';
import type { Figure } from './report.ts';
import type { Workload } from './workload.ts';

const ROUNDS = 3;
/** How often users order is counted for intervals alone. */
const WITHOUT_REPEATS = VIEWS.filter(({ name }) => name !== 'orderNumbers');
const RULE_BASED_VIEWS = VIEWS.filter(({ name }) => ['activity', 'touches', 'conversions', 'credit'].includes(name));

export async function benchSpeed(load: Workload): Promise<Figure[]> {
  return withRedisLog(async (log, store) => {
    const payload = await fill(log, load);

    const before = await usedMemory(store);
    const measured = async (prefix: string, work: () => Promise<void>) => {
      await deleteByPrefix(store, `${prefix}:`);
      return measure(store, load.events, work);
    };
    // In turn, A B C D A B C D, and the best of each: the machine's speed drifts.
    const bares: Measured[] = [];
    const ruleBaseds: Measured[] = [];
    const withouts: Measured[] = [];
    const alls: Measured[] = [];
    let emptied = 0;
    for (let round = 0; round < ROUNDS; round++) {
      bares.push(await measured('bare', () => bareLoop(log, store)));
      await deleteByPrefix(store, 'bare:');
      ruleBaseds.push(await measured('rules', () => catchUp(log, store, 'rules', RULE_BASED_VIEWS)));
      await deleteByPrefix(store, 'rules:');
      withouts.push(await measured('without', () => catchUp(log, store, 'without', WITHOUT_REPEATS)));
      await deleteByPrefix(store, 'without:');
      await deleteByPrefix(store, 'all:');
      emptied = await usedMemory(store);
      alls.push(await measured('all', () => catchUp(log, store, 'all', VIEWS)));
    }
    const [bare, ruleBased, speed] = [fastest(bares), fastest(ruleBaseds), fastest(alls)];
    const stored = await recordBytes(store, 'all');
    if (stored.lines !== load.events) throw new Error(`the worker stored ${stored.lines} of ${load.events} events`);
    const memory = (await usedMemory(store)) - emptied;

    const speedRate = load.events / speed.seconds;
    const bareRate = load.events / bare.seconds;
    return [
      {
        section: 'speed',
        figure: 'bare loop',
        value: bareRate,
        unit: 'events/s',
        note: `CPU per event: Redis ${bare.redisMicros.toFixed(1)} µs; log of ${Math.round(before / 1e6)} MB`,
      },
      {
        section: 'speed',
        figure: 'speed worker',
        value: speedRate,
        unit: 'events/s',
        goal: { value: 60_000, better: 'more' },
        note: `CPU per event: worker ${speed.nodeMicros.toFixed(1)} µs, Redis ${speed.redisMicros.toFixed(1)} µs; best of ${ROUNDS}, in turn`,
      },
      {
        section: 'speed',
        figure: 'speed worker / bare loop',
        value: speedRate / bareRate,
        unit: '×',
        goal: { value: 0.6, better: 'more' },
      },
      {
        section: 'speed',
        figure: 'all views / rule-based views alone',
        value: ruleBased.seconds / speed.seconds,
        unit: '×',
        goal: { value: 0.7, better: 'more' },
        note: `${Math.round(load.events / ruleBased.seconds).toLocaleString('en')} events/s; CPU per event: worker ${ruleBased.nodeMicros.toFixed(1)} µs, Redis ${ruleBased.redisMicros.toFixed(1)} µs`,
      },
      {
        section: 'speed',
        figure: 'all views / all but the orders of single users, which intervals take',
        value: percentile(
          alls.map((one, round) => microsOf(one) / microsOf(withouts[round] as Measured)),
          0.5,
        ),
        unit: '×',
        goal: { value: 1.05, better: 'less' },
        note: `processor of worker and Redis, median of ${ROUNDS} rounds; ${Math.round(load.events / load.users)} events a user`,
      },
      {
        section: 'memory',
        figure: 'Redis bytes per stored byte of signal',
        value: memory / payload,
        unit: '×',
        goal: { value: 2, better: 'less' },
        note: `${Math.round(memory / load.events)} bytes per signal of ${Math.round(payload / load.events)}, deltas included`,
      },
    ];
  });
}

/** A worker from the start of the log to its end, its records and deltas under a prefix of their own. */
async function catchUp(log: EventLog, store: Redis, namespace: string, views: readonly View[]): Promise<void> {
  const worker = createSpeedWorker({
    log,
    store: createSpeedStore(store, namespace),
    definitions: builtInDefinitions(),
    partitions: Array.from({ length: PARTITIONS }, (_, p) => p),
    sha256Hex,
    digestOf: sha256Hex,
    views,
    commitId: randomUUID,
    limits: { maxEntries: 10, waitMs: 0 },
  });
  while ((await worker.runOnce()) > 0);
  await worker.settle();
}

const BARE_SCRIPT = `for i = 2, #ARGV, 2 do redis.call('APPEND', ARGV[1] .. ARGV[i], ARGV[i + 1]) end
redis.call('SET', KEYS[1], '1')`;

async function bareLoop(log: EventLog, redis: Redis): Promise<void> {
  const positions = new Map<number, string | null>(Array.from({ length: PARTITIONS }, (_, p) => [p, null]));
  let underWay: Promise<unknown> = Promise.resolve();
  for (;;) {
    const entries = await log.read(positions, { maxEntries: 10, waitMs: 0 });
    if (entries.length === 0) break;
    const appends = new Map<number, Map<string, string>>();
    for (const entry of entries) {
      positions.set(entry.partition, entry.position);
      appendLines(entry, appends);
    }
    await underWay;
    underWay = Promise.all(
      [...appends].map(([partition, users]) =>
        redis.eval(BARE_SCRIPT, 1, `bare:{${partition}}:state`, `bare:{${partition}}:`, ...[...users].flat()),
      ),
    );
  }
  await underWay;
}

function appendLines(entry: LogEntry, appends: Map<number, Map<string, string>>): void {
  let users = appends.get(entry.partition);
  if (users === undefined) appends.set(entry.partition, (users = new Map()));
  for (const line of entry.body.split('\n')) {
    const { userId } = JSON.parse(line) as { userId: string };
    users.set(userId, `${users.get(userId) ?? ''}${line}\n`);
  }
}

interface Measured {
  readonly seconds: number;
  /** CPU per event, µs. */
  readonly nodeMicros: number;
  readonly redisMicros: number;
}

async function measure(redis: Redis, events: number, work: () => Promise<void>): Promise<Measured> {
  const redisBefore = await redisCpu(redis);
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  return {
    seconds,
    nodeMicros: (cpu.user + cpu.system) / events,
    redisMicros: ((await redisCpu(redis)) - redisBefore) / events,
  };
}

function microsOf({ nodeMicros, redisMicros }: Measured): number {
  return nodeMicros + redisMicros;
}

function fastest(runs: readonly Measured[]): Measured {
  return runs.reduce((best, run) => (run.seconds < best.seconds ? run : best));
}

async function deleteByPrefix(redis: Redis, prefix: string): Promise<void> {
  for await (const keys of scan(redis, `${prefix}*`)) if (keys.length > 0) await redis.unlink(...keys);
}

async function recordBytes(redis: Redis, namespace: string): Promise<{ lines: number }> {
  let lines = 0;
  for await (const keys of scan(redis, `${namespace}:*:u:*`)) {
    if (keys.length === 0) continue;
    for (const record of await redis.mget(keys)) lines += record === null ? 0 : record.split('\n').length - 1;
  }
  return { lines };
}

async function* scan(redis: Redis, match: string): AsyncGenerator<string[]> {
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', match, 'COUNT', 5000);
    cursor = next;
    yield keys;
  } while (cursor !== '0');
}
