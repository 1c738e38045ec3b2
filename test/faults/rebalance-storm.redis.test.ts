/**
 * Fault 4 and its kin on real processes: speed workers and archivers join and leave every few hundred ms under load, some by
 * kill -9, some asleep for longer than their lease. Afterwards each acknowledged event is counted once and archived once.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastSegmentNumber, readSegment, readSegments } from '@tributary/archive/segments';
import { checkFile } from '@tributary/archive/verify';
import type { EventLog } from '@tributary/log/port';
import { openRedisStreamLog } from '@tributary/log/redis-stream/redis-stream-log';
import { leaseKeys } from '@tributary/membership/lease-table';
import { type Event, encodeEvent } from '@tributary/model/event';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { builtInDefinitions } from '@tributary/runtime/config/definitions';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { createServingStore } from '@tributary/store/serving/redis-serving-store';
import { createRandom } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { startRedis } from '@tributary/testkit/servers/redis-server';
import { addRowsByView, type RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { expect, onTestFinished, test } from 'vitest';
import { shoppers } from '../e2e/shoppers.ts';
import { withSession } from './archiver-rig.ts';
import { type Crew, createCrew } from './rebalance-workers.ts';

const PARTITIONS = 8;
const TTL_MS = 1_000;
const STORM_MS = 25_000;
const SPEED_WORKERS = 3;
const ARCHIVERS = 2;
const SEED = 11;
const definitions = builtInDefinitions();

test('laws 1, 3 and 6: a storm of joins, leaves, kills and sleepers under load: merged = naive, archived once', async () => {
  const redis = await startRedis();
  onTestFinished(redis.stop);
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-storm-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const connect = (kind: 'commit' | 'blocking' | 'serving') => {
    const connection = connectRedis(redis.url, kind, () => {});
    onTestFinished(() => connection.disconnect());
    return connection;
  };
  const [commands, blocking, serving, leases] = [connect('commit'), connect('blocking'), connect('serving'), connect('commit')];
  await Promise.all([commands, blocking, serving, leases].map((one) => whenReady(one, 10_000)));
  const log = await openRedisStreamLog({ commands, blocking, namespace: 'tributary', partitions: PARTITIONS, now: Date.now });
  onTestFinished(() => log.close());
  const store = createServingStore(serving, 'tributary', PARTITIONS, VIEWS);

  const env = {
    TRIBUTARY_REDIS_URL: redis.url,
    TRIBUTARY_DATA_DIR: dataDir,
    TRIBUTARY_LOG_LEVEL: 'error',
    TRIBUTARY_MEMBER_TTL_MS: String(TTL_MS),
    TRIBUTARY_PARTITIONS: String(PARTITIONS),
  };
  // Small batches: a worker is nearly always in the middle of one.
  const speed = createCrew('speed', ['--commit-entries', '2'], env);
  const archivers = createCrew(
    'archiver',
    ['--spool-rows', '1000', '--archiver-memory', '256MB', '--archiver-threads', '1'],
    env,
  );
  onTestFinished(() => {
    for (const crew of [speed, archivers]) crew.killAll();
  });
  for (let i = 0; i < SPEED_WORKERS; i++) speed.join();
  for (let i = 0; i < ARCHIVERS; i++) archivers.join();

  const load = startLoad(log);
  const did = await storm(speed, archivers);
  const { events, generation } = await load.stop();
  console.log(`storm of seed ${SEED}: ${events.length} events, ${JSON.stringify(did)}`);

  await until('the speed layer is at the end of the log', async () => {
    const [ends, states] = await Promise.all([log.ends(), store.states()]);
    return ends.every((end, partition) => end === states[partition]?.position);
  });
  const counted: RowsByView = new Map();
  const names = VIEWS.map(({ name }) => name);
  for (const partition of await store.deltas(names, 0)) addRowsByView(counted, partition.rows);
  expect(differences(counted, naive(events, definitions))).toEqual([]);

  await until('everything is archived', async () => (await sealed(dataDir)).every((seal) => seal === generation));
  expect(await archivedIds(dataDir)).toEqual(events.map((event) => `${userKeyOf(event)} ${event.id}`).sort());

  for (const [group, crew] of [
    ['speed', speed],
    ['archiver', archivers],
  ] as const) {
    await until(`the living ${group}s share evenly`, async () => {
      const holders = Object.values(await leases.hgetall(leaseKeys('tributary', group)[1]));
      const counts = [...Map.groupBy(holders, (holder) => holder).values()].map((held) => held.length);
      const isEven = counts.length === crew.members().length && Math.max(...counts) - Math.min(...counts) <= 1;
      return holders.length === PARTITIONS && isEven;
    });
    for (const child of crew.members()) expect(await crew.leave(child)).toEqual([0, null]);
    expect(await leases.hgetall(leaseKeys('tributary', group)[1]), 'who leaves frees everything').toEqual({});
    expect(crew.unasked()).toEqual([]);
  }
});

/** Every few hundred ms someone goes, and someone comes in its place. */
async function storm(speed: Crew, archivers: Crew): Promise<Record<string, number>> {
  const random = createRandom(SEED);
  const did = { killed: 0, left: 0, slept: 0, joined: 0 };
  const untilMs = performance.now() + STORM_MS;
  while (performance.now() < untilMs) {
    const crew = random.chance(0.7) ? speed : archivers;
    const child = random.pick(crew.members());
    const what = random.pick(['kill', 'leave', 'sleep'] as const);
    if (what === 'sleep') {
      did.slept++;
      child.kill('SIGSTOP');
      setTimeout(() => child.kill('SIGCONT'), 2 * TTL_MS + random.below(500));
    } else {
      if (what === 'kill') await crew.kill(child);
      // One that sleeps drains when it has woken.
      else void crew.leave(child);
      did[what === 'kill' ? 'killed' : 'left']++;
      crew.join();
      did.joined++;
    }
    await sleep(random.between(200, 800));
  }
  await sleep(3 * TTL_MS);
  return did;
}

function startLoad(log: EventLog): { stop(): Promise<{ events: Event[]; generation: number }> } {
  const acknowledged: Event[] = [];
  let stopped = false;
  let generation = 0;
  const append = (event: Event) =>
    log.append(partitionOf(userKeyOf(event), PARTITIONS), { kind: 'events', body: encodeEvent(event) });
  const barrier = async () => {
    const body = JSON.stringify({ generation: ++generation, definitions: definitions.json });
    for (let partition = 0; partition < PARTITIONS; partition++) await log.append(partition, { kind: 'barrier', body });
  };
  const running = (async () => {
    for (let round = 0; !stopped; round++) {
      const nowMs = Date.now();
      const sent = shoppers({ seed: SEED * 10_000 + round, events: 30, users: 20_000, nowMs, prefix: `r${round}` });
      const events = sent.map((event) => ({ ...event, receivedAt: nowMs }) as Event);
      await Promise.all(events.map(append));
      acknowledged.push(...events);
      if (round % 40 === 39) await barrier();
      await sleep(20);
    }
    await barrier();
  })();
  return {
    async stop() {
      stopped = true;
      await running;
      return { events: acknowledged, generation };
    },
  };
}

async function sealed(dataDir: string): Promise<(number | null)[]> {
  const seals: (number | null)[] = [];
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const last = await lastSegmentNumber(dataDir, partition);
    seals.push(last < 0 ? null : (await readSegment(dataDir, partition, last)).seals);
  }
  return seals;
}

async function archivedIds(dataDir: string): Promise<string[]> {
  const files: string[] = [];
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const segments = await readSegments(dataDir, partition); // checks that ranges are contiguous
    for (const file of segments.flatMap((segment) => segment.files)) {
      await checkFile(dataDir, file);
      files.push(`'${join(dataDir, file.path)}'`);
    }
  }
  const select = `SELECT user_key || ' ' || id AS one FROM read_parquet([${files.join(', ')}], hive_partitioning = false)`;
  return (await withSession((session) => session.rows(select))).map((row) => String(row['one'])).sort();
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (await holds()) return;
    await sleep(100);
  }
  throw new Error(`${what}: not within 60 s`);
}
