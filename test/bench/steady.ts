/**
 * Small commits: a steady flow of appends, as collectors make them of requests of ten events, and one speed worker that follows the log. What an
 * event costs the worker and Redis, and how long it takes from its append until the store has it. What Redis spends on the appends
 * alone is measured before and taken off, where the log lies there.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { NODE_FLAGS } from '@tributary/local/roles';
import { openEventLog } from '@tributary/log/open-log';
import type { EventLog } from '@tributary/log/port';
import { partitionOf } from '@tributary/model/user-key';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { partitionPrefix } from '@tributary/store/format/keys';
import { kafkaForTests } from '@tributary/testkit/kafka/for-tests';
import { startRedis } from '@tributary/testkit/servers/redis-server';
import type { Redis } from 'ioredis';
import { cpuSeconds } from './cpu-of-process.ts';
import { percentile } from './platform.ts';
import type { Figure } from './report.ts';
import type { SteadyWork } from './steady-worker.ts';
import { workload } from './workload.ts';

const WORKER = fileURLToPath(new URL('./steady-worker.ts', import.meta.url));
const PARTITIONS = 16;
const EVENTS_PER_REQUEST = 10;
const PROBES_PER_SECOND = 20;
/** V8 compiles what a worker runs for the first hundred thousand events: over the first 65 000 that is a quarter of what they cost it (decision 36). */
const WARM_UP_S = 20;
/** Most of the events are of users whom the worker does not know yet. */
const USERS = 300_000;
const GIVE_UP_MS = 10_000;

export async function benchSteady(eventsPerSecond: number, seconds: number): Promise<Figure[]> {
  const inRedis = await steady('Redis', eventsPerSecond, seconds);
  const kafka = await kafkaForTests();
  try {
    return [...inRedis, ...(await steady('Kafka', eventsPerSecond, seconds, kafka.bootstrap))];
  } finally {
    await kafka.stop();
  }
}

export async function steady(where: string, eventsPerSecond: number, seconds: number, bootstrap = ''): Promise<Figure[]> {
  const server = await startRedis();
  const topicPrefix = `steady-${Date.now()}`;
  const connect = async (kind: 'commit' | 'blocking') => {
    const redis = connectRedis(server.url, kind, () => {});
    await whenReady(redis, 10_000);
    return redis;
  };
  const [store, commands, blocking] = await Promise.all([connect('commit'), connect('commit'), connect('blocking')]);
  const log = await openEventLog({
    kafka: bootstrap === '' ? null : { brokers: [bootstrap], clientId: 'bench', topicPrefix },
    redis: () => ({ commands, blocking }),
    name: 'events',
    partitions: PARTITIONS,
    now: Date.now,
  });
  try {
    const appending = bootstrap === '' ? await cpuOfAppends(log, server.pid, eventsPerSecond, seconds) : 0;
    const child = fork(WORKER, [server.url, String(PARTITIONS), bootstrap, topicPrefix], {
      stdio: 'inherit',
      execArgv: [...NODE_FLAGS.speed],
    });
    try {
      await once(child, 'message');
      const asked = async (): Promise<SteadyWork> => {
        child.send('tell');
        return (await once(child, 'message'))[0] as SteadyWork;
      };
      for (let last = -1, now = 0; now !== last; last = now, now = (await asked()).events) await sleep(500);
      const flowing = flow(log, eventsPerSecond, WARM_UP_S + seconds);
      await sleep(WARM_UP_S * 1000);
      const [before, redisBefore] = [await asked(), cpuSeconds(server.pid)];
      const latencies = await probes(log, store, seconds);
      const [after, redisAfter] = [await asked(), cpuSeconds(server.pid)];
      await flowing;
      child.send('stop');
      await once(child, 'exit');
      const events = after.events - before.events;
      const micros = (spent: number) => (1e6 * spent) / events;
      const [worker, redis] = [micros(after.cpuSeconds - before.cpuSeconds), micros(redisAfter - redisBefore) - appending];
      const section = `small commits, the log in ${where}`;
      return [
        {
          section,
          figure: 'worker and Redis, CPU',
          value: worker + redis,
          unit: 'µs an event',
          goal: { value: 40, better: 'less' },
          note: `worker ${worker.toFixed(1)}, Redis ${redis.toFixed(1)}${appending > 0 ? ` without the ${appending.toFixed(1)} of appends` : ''}; ${(events / seconds).toFixed(0)} events/s, ${(events / (after.commits - before.commits)).toFixed(2)} a commit`,
        },
        {
          section,
          figure: 'append to stored, p50',
          value: percentile(latencies, 0.5),
          unit: 'ms',
          goal: { value: 10, better: 'less' },
        },
        {
          section,
          figure: 'append to stored, p99',
          value: percentile(latencies, 0.99),
          unit: 'ms',
          goal: { value: 25, better: 'less' },
        },
      ];
    } finally {
      child.kill('SIGKILL');
    }
  } finally {
    await log.close();
    for (const redis of [store, commands, blocking]) redis.disconnect();
    await server.stop();
  }
}

/** µs an event. */
async function cpuOfAppends(log: EventLog, pid: number, eventsPerSecond: number, seconds: number): Promise<number> {
  const before = cpuSeconds(pid);
  const events = await flow(log, eventsPerSecond, seconds);
  return (1e6 * (cpuSeconds(pid) - before)) / events;
}

/** Appends on schedule, whatever the log does. Resolves to the number of events. */
async function flow(log: EventLog, eventsPerSecond: number, seconds: number): Promise<number> {
  const everyMs = (1000 * EVENTS_PER_REQUEST) / eventsPerSecond;
  const requests = Math.ceil((seconds * 1000) / everyMs);
  const events = workload({ events: requests * EVENTS_PER_REQUEST, users: USERS, seed: 1 + (Date.now() % 1000) });
  const start = performance.now();
  let failed: Error | undefined;
  let last: Promise<unknown> = Promise.resolve();
  for (let request = 0; request < requests && failed === undefined; request++) {
    const ahead = start + request * everyMs - performance.now();
    if (ahead > 1) await sleep(ahead);
    const own = Array.from({ length: EVENTS_PER_REQUEST }, () => events.next().value).filter((event) => event !== undefined);
    const now = Date.now();
    const lines = own.map(({ userKey, line }) => ({
      partition: partitionOf(userKey, PARTITIONS),
      line: line.replace(/"ts":\d+/, `"ts":${now}`).replace(/"receivedAt":\d+/, `"receivedAt":${now}`),
    }));
    for (const [partition, part] of Map.groupBy(lines, (one) => one.partition))
      last = log
        .append(partition, { kind: 'events', body: part.map(({ line }) => line).join('\n') })
        .catch((error: Error) => void (failed ??= error));
  }
  await last;
  if (failed !== undefined) throw failed;
  return requests * EVENTS_PER_REQUEST;
}

/** From before the append of single events until the state of their partition covers them, ms. */
async function probes(log: EventLog, store: Redis, seconds: number): Promise<number[]> {
  const latencies: number[] = [];
  const open: Promise<void>[] = [];
  const end = performance.now() + seconds * 1000;
  for (let nth = 0; performance.now() < end; nth++) {
    open.push(probe(log, store, `probe-${nth}`).then((ms) => void latencies.push(ms)));
    await sleep(1000 / PROBES_PER_SECOND);
  }
  await Promise.all(open);
  return latencies;
}

async function probe(log: EventLog, store: Redis, userId: string): Promise<number> {
  const start = performance.now();
  const now = Date.now();
  const partition = partitionOf(userId, PARTITIONS);
  const line = JSON.stringify({ ts: now, type: 'probe', id: `${now}-${userId}`, userId, receivedAt: now, source: 'bench' });
  const position = await log.append(partition, { kind: 'events', body: line });
  while (performance.now() - start < GIVE_UP_MS) {
    if (((await store.hget(`${partitionPrefix('bench', partition)}state`, 'position')) ?? '') >= position)
      return performance.now() - start;
    await sleep(1);
  }
  return GIVE_UP_MS;
}
