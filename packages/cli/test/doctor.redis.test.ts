/** The doctor over a real Redis and a real data folder, healthy and then broken in each way it claims to notice. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createGeneration, writeGeneration } from '@tributary/archive/generations';
import type { StoredFile } from '@tributary/archive/layout';
import { publish } from '@tributary/archive/publications';
import { segmentPath, writeSegment } from '@tributary/archive/segments';
import { pendingGeneration } from '@tributary/testkit/inputs/pending-generation';
import { type RedisServer, startRedis } from '@tributary/testkit/servers/redis-server';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Finding } from '../src/doctor/finding.ts';
import { type FakeServer, fakeServer } from './fake-server.ts';
import { NOW_MS, tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

let redis: RedisServer;
let client: Redis;
let services: FakeServer;
let ready = 200;
let answers: { status?: number; body: object };
let schedules: object[];
let dataDir: string;

const meta = (complete: boolean, ...warnings: string[]) => ({
  status: 200,
  body: { rows: [], meta: { view: 'merged', generation: 1, cut: NOW_MS, pending: 0, speed: {}, complete, warnings } },
});

beforeAll(async () => {
  redis = await startRedis();
  client = new Redis(redis.url);
  services = await fakeServer(({ path }) => ({
    status: ready,
    body: { ok: ready === 200, detail: 'generation 1 is served' },
    headers: { date: new Date(NOW_MS).toUTCString() },
    ...(path.startsWith('/v1/') && answers),
    ...(path === '/v1/schedules' && { status: 200, body: { schedules } }),
  }));
});
afterAll(async () => {
  client?.disconnect();
  await services?.[Symbol.asyncDispose]();
  await redis.stop();
});

async function store(path: string, text: string): Promise<StoredFile> {
  await mkdir(join(dataDir, path, '..'), { recursive: true });
  await writeFile(join(dataDir, path), text);
  return { path, rows: 1, bytes: text.length, sha256: createHash('sha256').update(text).digest('hex') };
}

const HOURLY = {
  name: 'default',
  mode: 'incremental',
  paused: false,
  at: NOW_MS,
  next: [1, 2, 3].map((i) => NOW_MS + i * 3_600_000),
  lastDoneAt: null,
};

const PENDING = pendingGeneration(
  { json: '{}', version: 'abc' },
  { createdAt: NOW_MS - 120_000, lastSegment: [0, -1], cut: ['a', 'b'], counts: { events: 1, newEvents: 1, duplicates: 0 } },
);

beforeEach(async () => {
  ready = 200;
  answers = meta(true);
  schedules = [HOURLY];
  dataDir = temporaryFolder('doctor');
  await writeFile(join(dataDir, 'keys.local.json'), '{"read":"k"}', { mode: 0o600 });
  await client.flushall();
  await client.config('SET', 'appendfsync', 'always');
  await client.hset('tributary:log', 'identity', 'this-log', 'partitions', '2');
  await client.hset('tributary:pointer', 'sequence', '1', 'generation', '1');
  const file = await store('archive/events/date=2026-11-21/p00-000000.parquet', 'archived bytes');
  await writeSegment(dataDir, {
    partition: 0,
    number: 0,
    logIdentity: 'this-log',
    after: null,
    upTo: 'a',
    seals: 1,
    rows: 1,
    deadRows: 0,
    dead: null,
    files: [{ ...file, date: '2026-11-21' }],
  }); // prettier-ignore
  const created = await createGeneration(dataDir, PENDING);
  await writeGeneration(dataDir, {
    ...created,
    state: 'computed',
    computedAt: NOW_MS,
    views: { credit: [await store('generations/000001/credit.parquet', 'view bytes')] },
  });
  await publish(dataDir, 0, { generation: 1, action: 'publish', held: false, at: NOW_MS, by: 'test' });
});

/** Findings that are not ok, as "check: status". Not this test's: the other roles, and clocks (Redis' is the machine's, ours is fixed). */
async function examine(...argv: string[]): Promise<{ all: Finding[]; bad: string[] }> {
  const done = await tributary([
    'doctor',
    '--json',
    '--data-dir',
    dataDir,
    '--redis-url',
    redis.url,
    '--url',
    services.url,
    '--collector-url',
    services.url,
    ...argv,
  ]);
  const { findings } = JSON.parse(done.stdout) as { findings: Finding[] };
  const mine = findings.filter(({ check }) => !['speed', 'archiver', 'recompute', 'clock'].includes(check));
  return {
    all: findings,
    bad: mine.filter(({ status }) => status !== 'ok').map(({ check, status }) => `${check}: ${status}`),
  };
}

test('a healthy platform: every check is ok, each of them is there', async () => {
  const { bad, all } = await examine();
  expect(bad).toEqual([]);
  const checks = all.map(({ check }) => check);
  for (const check of [
    'node',
    'data folder',
    'free space',
    'keys',
    'redis',
    'redis durability',
    'redis writes',
    'redis memory',
    'clock',
    'log',
    'dead letters',
    'archive manifests',
    'archive files',
    'generation',
    'generation files',
    'pointer',
    'schedules',
    'collector',
    'api',
    'answers',
  ])
    expect(checks).toContain(check);
});

test.each<[string, () => Promise<unknown>, string]>([
  [
    'a setting under which acknowledged writes can be lost',
    () => client.config('SET', 'appendfsync', 'everysec'),
    'redis durability: fail',
  ],
  [
    'a schedule that is due more often than the setting says',
    async () => {
      schedules = [{ ...HOURLY, next: [1, 2, 3].map((i) => NOW_MS + i * 10_000) }];
    },
    'generation: warn',
  ],
  [
    'a schedule that is paused',
    async () => {
      schedules = [{ ...HOURLY, paused: true, next: [] }];
    },
    'schedules: warn',
  ],
  ['parked records', () => client.xadd('tributary:{1}:dead', '*', 'code', 'x'), 'dead letters: warn'],
  [
    'a pointer behind the publication',
    () => client.hset('tributary:pointer', 'sequence', '0', 'generation', '0'),
    'pointer: warn',
  ],
  [
    'a pointer ahead of the publication',
    () => client.hset('tributary:pointer', 'sequence', '9', 'generation', '4'),
    'pointer: fail',
  ],
  ['no log', () => client.del('tributary:log'), 'log: fail'],
  ['an archive of another log', () => client.hset('tributary:log', 'identity', 'another'), 'archive origin: fail'],
  [
    'a flipped byte in the archive',
    () => writeFile(join(dataDir, 'archive/events/date=2026-11-21/p00-000000.parquet'), 'archived bytEs'),
    'archive files: fail',
  ],
  ['a missing archive file', () => rm(join(dataDir, 'archive/events/date=2026-11-21/p00-000000.parquet')), 'archive files: fail'],
  ['a truncated view', () => writeFile(join(dataDir, 'generations/000001/credit.parquet'), 'view'), 'generation files: fail'],
  ['a manifest that is not JSON', () => writeFile(segmentPath(dataDir, 0, 0), '{'), 'archive manifests: fail'],
  ['a generation without its manifest', () => rm(join(dataDir, 'generations/000001/manifest.json')), 'generation: fail'],
  ['a key file that cannot be read', () => writeFile(join(dataDir, 'keys.json'), '{"keys": [{'), 'keys: fail'],
  ['keys that others can read', () => chmod(join(dataDir, 'keys.local.json'), 0o644), 'keys: warn'],
  ['a service that is not ready', async () => (ready = 503), 'api: fail'],
])('%s is noticed', async (_, breakIt, expected) => {
  await breakIt();
  expect((await examine()).bad).toContain(expected);
}); // prettier-ignore

test('law 7: incomplete answers fail the examination, with their warnings, though every role is ready', async () => {
  answers = meta(false, 'partition 3 has an entry that is not applied for 34 s', 'generation 2 cannot be loaded');
  const incomplete = await examine();
  expect(incomplete.bad).toEqual(['answers: fail']);
  expect(incomplete.all.at(-1)?.detail).toBe(
    'incomplete: partition 3 has an entry that is not applied for 34 s; generation 2 cannot be loaded',
  );
  answers = { status: 503, body: { code: 'store_unavailable', detail: 'Redis does not answer', fix: 'Look at Redis.' } };
  expect((await examine()).all.at(-1)).toMatchObject({
    status: 'fail',
    detail: expect.stringContaining('503: Redis does not answer'),
    fix: 'Look at Redis.',
  });
  answers = meta(true, 'the range was widened to whole days');
  expect((await examine()).all.at(-1)).toMatchObject({ status: 'ok', detail: expect.stringMatching(/^complete.*; the range/) });
});

test('without a read key the doctor says that it could not ask for answers', async () => {
  const done = await tributary(['doctor', '--data-dir', dataDir, '--redis-url', redis.url, '--url', services.url], { env: {} });
  expect(done.stdout).toMatch(/^warn {2}answers +.* was not asked .* a read key for it was not found/m);
});

test('blanks as brokers are none: the log in Redis is looked at', async () => {
  const argv = ['doctor', '--data-dir', dataDir, '--redis-url', redis.url, '--url', services.url];
  const findingsWith = async (env: Record<string, string>) =>
    (await tributary(argv, { env })).stdout.split('\n').filter((line) => /^\w+ +(redis durability|log) /.test(line));
  const without = await findingsWith({});
  expect(without.join()).toContain('redis durability');
  expect(await findingsWith({ TRIBUTARY_KAFKA_BROKERS: ' ' })).toEqual(without);
});

test('a flipped byte needs checksums: --quick compares sizes only, and says so', async () => {
  await writeFile(join(dataDir, 'archive/events/date=2026-11-21/p00-000000.parquet'), 'archived bytEs');
  const { bad, all } = await examine('--quick');
  expect(bad).toEqual([]);
  expect(all.find(({ check }) => check === 'archive files')?.detail).toContain('sizes match');
});

test('looking changes nothing: a corrupt file stays where it is', async () => {
  const path = join(dataDir, 'generations/000001/credit.parquet');
  await writeFile(path, 'view');
  await examine();
  await expect(writeFile(path, 'x', { flag: 'wx' })).rejects.toThrow(/EEXIST/);
});

test('for people: one line a check, the fix under it, a verdict; no Redis is a failure among others', async () => {
  const done = await tributary([
    'doctor',
    '--data-dir',
    dataDir,
    '--redis-url',
    'redis://127.0.0.1:1',
    '--url',
    services.url,
    '--collector-url',
    services.url,
  ]);
  expect(done.code).toBe(1);
  expect(done.stdout).toMatch(/^ok {4}node +version 24\.0\.0$/m);
  expect(done.stdout).toMatch(/^fail {2}redis +redis:\/\/127\.0\.0\.1:1 does not answer.*\n +→ Start the platform/m);
  expect(done.stdout).toMatch(/\d+ failed(, \d+ to look at)?\n$/);
});

test('a Redis that was emptied beside an archive: not one to begin with', async () => {
  await client.del('tributary:log');
  const { all } = await examine();
  expect(all.find(({ check }) => check === 'log')).toMatchObject({
    status: 'fail',
    detail: expect.stringMatching(/^this Redis has no log of events, though the data folder was built upon /),
    fix: expect.stringMatching(/^Redis was emptied, or is another one: restore it/),
  });
});

describe('--config', () => {
  const configuration = (env: Record<string, string>) =>
    tributary(['doctor', '--config', '--data-dir', dataDir, '--redis-url', redis.url], { env });

  test('all that a start looks at is right: one line, and nothing else is examined', async () => {
    const done = await configuration({});
    expect([done.code, done.stdout]).toEqual([
      0,
      expect.stringMatching(/^ok {4}configuration +every role would start.*\n\neverything is well\n$/),
    ]);
  });

  test('what a start refuses fails, each in one sentence; a name that is not known stands once', async () => {
    const wrong = await configuration({ TRIBUTARY_BATCH_THREADS: '0', TRIBUTARY_KAKFA_BROKERS: 'k:1', TRIBUTARY_COFFEE: '1' });
    expect([wrong.code, wrong.stderr]).toEqual([1, '']);
    expect(wrong.stdout.match(/^(fail|warn) .*/gm)).toEqual([
      expect.stringMatching(/^fail .*TRIBUTARY_BATCH_THREADS must be a whole number from 1 to 64 \(got "0"\)\./),
      expect.stringMatching(/^fail .*TRIBUTARY_KAKFA_BROKERS is not a setting\. Did you mean TRIBUTARY_KAFKA_BROKERS\?/),
      expect.stringMatching(/^warn .*TRIBUTARY_COFFEE is not a setting/),
    ]);
  });

  test('with Kafka the log is opened: what brokers refuse fails, a topic that is not there yet does not', async () => {
    const broker = createServer().listen(0, '127.0.0.1');
    await once(broker, 'listening');
    const env = { TRIBUTARY_KAFKA_BROKERS: `127.0.0.1:${(broker.address() as { port: number }).port}` };
    const look = (why: string) =>
      tributary(['doctor', '--config', '--data-dir', dataDir, '--redis-url', redis.url], {
        env,
        openLog: () => Promise.reject(new Error('the log does not open', { cause: new Error(why) })),
      });
    const refused = await look('TRIBUTARY_KAFKA_SSL must be true');
    expect([refused.code, refused.stdout]).toEqual([1, expect.stringMatching(/^fail .*TRIBUTARY_KAFKA_SSL must be true$/m)]);
    expect((await look('the log in Kafka: the topic tributary.events does not exist: look')).code).toBe(0);
    broker.close();
  });

  test('definitions, folder and Redis are looked at together', async () => {
    await client.config('SET', 'appendfsync', 'everysec');
    await writeFile(join(dataDir, 'keys.json'), '{');
    const done = await configuration({ TRIBUTARY_DEFINITIONS_FILE: join(dataDir, 'absent.json') });
    const details = (done.stdout.match(/^fail .*/gm) ?? []).map((line) => line.replace(/^fail +configuration +/, ''));
    expect([done.code, details]).toEqual([
      1,
      [
        expect.stringMatching(/^TRIBUTARY_DEFINITIONS_FILE must be a file that can be read/),
        expect.stringMatching(/keys\.json/),
        expect.stringMatching(/^TRIBUTARY_REDIS_URL must name a Redis with "appendfsync always"/),
      ],
    ]);
  });
});
