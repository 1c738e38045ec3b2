/**
 * The same job by others, on the same topic, broker and Redis: Flink (Java, heap state), a bare Rust loop that promises nothing (the floor), DBSP (the
 * engine under Feldera, by `--dbsp`), and as many Tributary workers as cores. Rows and records are compared, so that less work wins nothing.
 * `peers/README.md` says what each leaves out.
 */
import { createHash } from 'node:crypto';
import { cpus } from 'node:os';
import { openEventLog } from '@tributary/log/open-log';
import { partitionOf } from '@tributary/model/user-key';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { recordKey } from '@tributary/store/format/keys';
import { createServingStore } from '@tributary/store/serving/redis-serving-store';
import { startKafka } from '@tributary/testkit/kafka/kafka-cluster';
import { type RedisServer, startRedis } from '@tributary/testkit/servers/redis-server';
import { type Rows, rowsOf } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import type { Redis } from 'ioredis';
import { cpuSeconds } from './cpu-of-process.ts';
import { fill } from './fill.ts';
import { builtPeers, type Peer, runPeer } from './peer-processes.ts';
import type { Figure } from './report.ts';
import { runWorkers } from './worker-processes.ts';
import { type Workload, workload } from './workload.ts';

const PARTITIONS = 16;
const ROUNDS = 3;
const RULE_BASED = ['activity', 'touches', 'conversions', 'credit'];
/** Users whose records are compared byte for byte. */
const COMPARED_USERS = 2_000;

/** One run of one contender. CPU in µs an event. */
export interface Run {
  readonly eventsPerSecond: number;
  readonly process: number;
  readonly redis: number;
  readonly broker: number;
  readonly peakMegabytes: number;
}

/** What a contender wrote: the rule-based rows, and a digest of the compared users' records. */
interface Written {
  readonly rows: ReadonlyMap<string, string>;
  readonly records: string;
}

interface Contender {
  readonly name: string;
  /** Reads the topic from its beginning to its end. Resolves to its own seconds, CPU seconds and peak of memory. */
  run(prefix: string): Promise<{ seconds: number; cpuSeconds: number; peakMegabytes: number }>;
  /** undefined: it writes more than the others. */
  readonly written?: (redis: Redis, prefix: string) => Promise<Written>;
}

export async function benchPeers(load: Workload, withDbsp: boolean): Promise<Figure[]> {
  const peers = await builtPeers(withDbsp);
  const kafka = await startKafka();
  const server = await startRedis();
  // Commands without a limit of time: what is compared is read whole, on a machine that was just kept busy.
  const redis = connectRedis(server.url, 'queue', () => {});
  try {
    await whenReady(redis, 10_000);
    const topicPrefix = 'peers';
    const log = await openEventLog({
      kafka: { brokers: [kafka.bootstrap], clientId: 'bench', topicPrefix },
      redis: () => {
        throw new Error('the log lies in Kafka');
      },
      name: 'events',
      partitions: PARTITIONS,
      now: Date.now,
    });
    await fill(log, load);
    await log.close();
    const users = comparedUsers(load);
    const workers = (views: 'rules' | 'all') => (namespace: string) =>
      runWorkers({
        count: cpus().length,
        bootstrap: kafka.bootstrap,
        topicPrefix,
        redisUrl: server.url,
        partitions: PARTITIONS,
        views,
        namespace,
      });
    const contenders: Contender[] = [
      { name: 'Tributary, rule-based', run: workers('rules'), written: (_, prefix) => writtenByTributary(server, prefix, users) },
      { name: 'Tributary, all views', run: workers('all') },
      ...peers.map((peer: Peer) => ({
        name: peer.name,
        run: (prefix: string) =>
          runPeer(peer, { bootstrap: kafka.bootstrap, topic: `${topicPrefix}.events`, redisPort: server.port, prefix }),
        written: (connection: Redis, prefix: string) => writtenByPeer(connection, prefix, users),
      })),
    ];
    const runs = new Map<string, Run[]>(contenders.map(({ name }) => [name, []]));
    let first: { name: string; written: Written } | undefined;
    const broker = kafka.brokers[0]?.pid as number;
    for (let round = 0; round < ROUNDS; round++)
      for (const { name, run, written } of contenders) {
        await redis.flushall();
        const before = [cpuSeconds(server.pid), cpuSeconds(broker)] as const;
        const { seconds, cpuSeconds: own, peakMegabytes } = await run('bench');
        const after = [cpuSeconds(server.pid), cpuSeconds(broker)] as const;
        const micros = (spent: number) => (1e6 * spent) / load.events;
        runs.get(name)?.push({
          eventsPerSecond: load.events / seconds,
          process: micros(own),
          redis: micros(after[0] - before[0]),
          broker: micros(after[1] - before[1]),
          peakMegabytes,
        });
        if (written === undefined) continue;
        const found = { name, written: await written(redis, 'bench') };
        first ??= found;
        mustBeEqual(first, found);
      }
    return contenders.flatMap(({ name }) => figuresOf(name, runs.get(name) ?? []));
  } finally {
    redis.disconnect();
    await server.stop();
    await kafka.stop();
  }
}

function figuresOf(name: string, runs: readonly Run[]): Figure[] {
  const median = (of: (run: Run) => number) => runs.map(of).sort((a, b) => a - b)[Math.floor(runs.length / 2)] as number;
  const range = (of: (run: Run) => number) => `${Math.min(...runs.map(of)).toFixed(1)}–${Math.max(...runs.map(of)).toFixed(1)}`;
  const sum = (run: Run) => run.process + run.redis + run.broker;
  return [
    {
      section: 'peers',
      figure: name,
      value: median(({ eventsPerSecond }) => eventsPerSecond),
      unit: 'events/s',
      note: `median of ${runs.length}, in turn`,
    },
    {
      section: 'peers',
      figure: `${name}, CPU`,
      value: median(sum),
      unit: 'µs an event',
      note: `${range(sum)}: process ${range((run) => run.process)}, Redis ${range((run) => run.redis)}, broker ${range((run) => run.broker)}; peak ${Math.round(median((run) => run.peakMegabytes))} MB`,
    },
  ];
}

function comparedUsers(load: Workload): readonly string[] {
  const users = new Set<string>();
  for (const { userKey } of workload(load)) {
    users.add(userKey);
    if (users.size === COMPARED_USERS) break;
  }
  return [...users];
}

async function writtenByTributary(server: RedisServer, namespace: string, users: readonly string[]): Promise<Written> {
  const redis = connectRedis(server.url, 'queue', () => {});
  await whenReady(redis, 10_000);
  try {
    const store = createServingStore(redis, namespace, PARTITIONS, VIEWS);
    const rows = new Map<string, [bigint, bigint]>();
    for (const { rows: byView } of await store.deltas(RULE_BASED, 0))
      for (const view of RULE_BASED) addTo(rows, view, rowsOf(byView, view));
    const keys = users.map((user) => recordKey(namespace, partitionOf(user, PARTITIONS), user));
    return { rows: texts(rows), records: await digest(redis, keys) };
  } finally {
    redis.disconnect();
  }
}

function addTo(rows: Map<string, [bigint, bigint]>, view: string, more: Rows): void {
  for (const [key, [a = 0, b = 0]] of more) {
    const [sumA, sumB] = rows.get(`${view}\t${key}`) ?? [0n, 0n];
    rows.set(`${view}\t${key}`, [sumA + BigInt(a), sumB + BigInt(b)]);
  }
}

/** Peers keep one hash a view: fields as the rows' keys, values `a,b`. */
async function writtenByPeer(redis: Redis, prefix: string, users: readonly string[]): Promise<Written> {
  const rows = new Map<string, [bigint, bigint]>();
  for (const view of RULE_BASED)
    for (const [key, value] of Object.entries(await redis.hgetall(`${prefix}d:${view}`))) {
      const [a = '0', b = '0'] = value.split(',');
      rows.set(`${view}\t${key}`, [BigInt(a), BigInt(b)]);
    }
  return {
    rows: texts(rows),
    records: await digest(
      redis,
      users.map((user) => `${prefix}u:${user}`),
    ),
  };
}

/** Rows that are not zero. */
function texts(rows: ReadonlyMap<string, readonly [bigint, bigint]>): ReadonlyMap<string, string> {
  return new Map([...rows].flatMap(([key, [a, b]]) => (a === 0n && b === 0n ? [] : [[key, `${a},${b}`]])));
}

async function digest(redis: Redis, keys: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const record of await redis.mgetBuffer(...keys)) {
    if (record === null) throw new Error('a user has no record');
    // The order of a user's lines is the log's for all; nothing else may be in a record yet.
    hash.update(record).update('\0');
  }
  return hash.digest('hex');
}

function mustBeEqual(one: { name: string; written: Written }, other: { name: string; written: Written }): void {
  const [a, b] = [one.written, other.written];
  const wrong = [...new Set([...a.rows.keys(), ...b.rows.keys()])].filter((key) => a.rows.get(key) !== b.rows.get(key));
  if (wrong.length > 0)
    throw new Error(
      `${other.name} has other rows than ${one.name}, ${wrong.length} of them: ${JSON.stringify(wrong[0])} is ${a.rows.get(wrong[0] as string)} and ${b.rows.get(wrong[0] as string)}`,
    );
  if (a.rows.size === 0) throw new Error(`${one.name} wrote no rows`);
  if (a.records !== b.records) throw new Error(`${other.name} has other records than ${one.name}`);
}
