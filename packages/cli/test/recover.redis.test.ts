/** `tributary recover` over a real folder and a real Redis, in each state that either may be left in. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventLogConfiguration } from '@tributary/log/configuration';
import { openEventLog } from '@tributary/log/open-log';
import { EVENT_LOG_SETTINGS } from '@tributary/log/settings';
import { readConfig } from '@tributary/runtime/config/read-config';
import { archivesKey, logKey, logStreamKey, NAMESPACE, trimmedKey } from '@tributary/runtime/event-log/keys';
import { type RedisServer, startRedis } from '@tributary/testkit/servers/redis-server';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openExistingLog } from '../src/open-log.ts';
import { archivedFolder } from './archived-folder.ts';
import { tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

const AT = 1_795_560_540_000;
/** Positions as the log in Redis has them: the instant, then a number. */
const ENDS = [`00${AT}-0000000000`, `00${AT + 60_000}-0000000003`] as const;

let server: RedisServer;
let redis: Redis;
let dataDir: string;
const asked = () => existsSync(join(dataDir, 'log.json.restore-asked'));

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});
beforeEach(async () => {
  await redis.flushall();
  dataDir = await archivedFolder();
  writeFileSync(join(dataDir, 'log.json'), '{"identity":"log-1","where":"in Redis","partitions":2}');
  // As the archiver would have written it.
  for (const [partition, end] of ENDS.entries()) {
    const file = join(dataDir, `archive/segments/p0${partition}/000001.json`);
    writeFileSync(file, readFileSync(file, 'utf8').replace('"0002"', `"${end}"`));
  }
  const manifest = join(dataDir, 'generations/000001/manifest.json');
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('"0002"', `"${ENDS[0]}"`).replace('"0002"', `"${ENDS[1]}"`));
});

const recover = (...flags: string[]) =>
  tributary(['recover', ...flags, '--data-dir', dataDir, '--redis-url', server.url], { openLog: openExistingLog });

async function logThere(identity = 'log-1', ms = AT + 120_000): Promise<void> {
  await redis.hset(logKey(NAMESPACE), { identity, partitions: 2 });
  await redis.hset(archivesKey(NAMESPACE), identity, 'archive-1');
  for (const partition of [0, 1]) await redis.xadd(logStreamKey(NAMESPACE, partition), `${ms}-0`, 'k', 'heartbeat', 'b', '{}');
}

test('a log that is gone: what it is rebuilt from, what stays gone, and the next start may create it, once', async () => {
  const dry = await recover('--dry-run');
  expect(dry.code).toBe(0);
  expect(asked()).toBe(false);
  expect(dry.stdout).toContain('→ Without --dry-run, the next start of the roles creates the log again.');
  const done = await recover();
  expect(done).toMatchObject({ code: 0, stderr: '' });
  expect(done.stdout).toBe(`log        Redis answers and has no log of events: it was emptied, or is another one
archive    80 events in 2 partitions, as their manifests say, up to 2026-11-24 22:49:00Z in all of them, 2026-11-24 22:50:00Z in the newest
generation 1 is published and whole
rebuilt    the log, under its identity, empty behind what is archived
rebuilt    records, deltas, positions and the pointer: by the speed workers, from archive, generations and log
gone       events that were acknowledged after 2026-11-24 22:49:00Z and not archived (at most TRIBUTARY_SEGMENT_MAX_AGE_MS, 20 min, of each partition): nothing says which
gone       dead letters as a list (the records are in archive/dead), outputs that were not sent yet, questions and runs that waited
gone       schedules: "default" comes back as TRIBUTARY_BATCH_EVERY_MS says, and publishes also where it was paused; set the others again. Start recompute workers with 0 where none may publish
→ Start all roles as always: the first of them creates the log again, once. Then "tributary batch run --full --wait".
`);
  expect(JSON.parse(readFileSync(join(dataDir, 'log.json.restore-asked'), 'utf8'))).toMatchObject({ identity: 'log-1' });
});

test('law 6: a role that starts then creates the log under its identity, once: the next loss is refused again', async () => {
  const env = { TRIBUTARY_PARTITIONS: '2' };
  const config = { ...readConfig('speed', EVENT_LOG_SETTINGS, env, []), dataDir, redisUrl: server.url };
  const start = async (): Promise<string> => {
    const log = await openEventLog({
      ...(await eventLogConfiguration(config, 'speed', () => {})),
      name: 'events',
      now: Date.now,
    });
    await log.close();
    return log.identity;
  };
  await expect(start()).rejects.toThrow('run "tributary recover"');
  expect(await recover()).toMatchObject({ code: 0 });
  expect(await start()).toBe('log-1');
  expect(asked()).toBe(false);
  expect(await start()).toBe('log-1');
  await redis.flushall();
  await expect(start()).rejects.toMatchObject({ code: 'log_recreated' });
});

test('a log that is there: nothing is asked for', async () => {
  await logThere();
  const done = await recover('--json');
  expect([done.code, asked()]).toEqual([0, false]);
  expect(JSON.parse(done.stdout)).toMatchObject({ ok: true, asked: false, log: 'there', events: 80, generation: 1, gone: [] });
});

test('a Redis that is older than the archive: partitions, and what archivers may still have', async () => {
  await logThere('log-1', AT + 30_000);
  const { code, stdout } = await recover();
  expect([code, asked()]).toEqual([0, false]);
  expect(stdout).toContain('rebuilt    the log of partition 1 ends before what is archived of it');
  expect(stdout).toContain(
    'gone       what was acknowledged after the copy of Redis and not archived, of partition 1: archivers that still run have it',
  );
});

test('law 7: a hole between archive and log is named, and ends with 1', async () => {
  await logThere();
  await redis.set(trimmedKey(NAMESPACE, 0), `${AT + 60_000}-0`);
  const { code, stdout } = await recover();
  expect(code).toBe(1);
  expect(stdout).toContain('gone       entries between the end of the archive and the beginning of the log, of partition 0');
  expect(stdout).toContain('→ Bring the segments back: "tributary archive repair --from FOLDER"');
});

test('law 6: the log of another platform is never replaced', async () => {
  await logThere('log-2');
  const { code, stdout } = await recover('--lost-log');
  expect([code, asked()]).toEqual([1, false]);
  expect(stdout).toContain('log        Redis has the log log-2, the data folder is of log-1');
});

test('law 6: a Redis that does not answer is not a lost one, unless its folder is empty, or one says so', async () => {
  const away = (...flags: string[]) => tributary(['recover', ...flags, '--data-dir', dataDir]);
  const named = await away('--redis-url', 'redis://127.0.0.1:1');
  expect([named.code, asked()]).toEqual([1, false]);
  expect(named.stdout).toContain('the Redis that is named does not answer');
  mkdirSync(join(dataDir, 'redis/appendonlydir'), { recursive: true });
  writeFileSync(join(dataDir, 'redis/appendonlydir/appendonly.aof.1.incr.aof'), 'x'.repeat(600));
  writeFileSync(join(dataDir, 'keys.local.json'), '{"redisUrl":"redis://127.0.0.1:1"}');
  const stopped = await away();
  expect([stopped.code, asked()]).toEqual([1, false]);
  expect(stopped.stdout).toContain('is not running; its files are in');
  expect(await away('--lost-log')).toMatchObject({ code: 0 });
  expect(asked()).toBe(true);
  rmSync(join(dataDir, 'log.json.restore-asked'));
  // A start that was refused leaves a Redis that was never written to.
  writeFileSync(join(dataDir, 'redis/appendonlydir/appendonly.aof.1.base.rdb'), 'x'.repeat(90));
  writeFileSync(join(dataDir, 'redis/appendonlydir/appendonly.aof.1.incr.aof'), '');
  expect(await away('--dry-run')).toMatchObject({ code: 0, stdout: expect.stringContaining('and has nothing in') });
  rmSync(join(dataDir, 'redis'), { recursive: true });
  expect(await away()).toMatchObject({ code: 0 });
  expect(asked()).toBe(true);
});

test('law 7: nothing is asked for beside an archive that is damaged, and generations that are lost are named', async () => {
  rmSync(join(dataDir, 'generations'), { recursive: true });
  expect((await recover('--dry-run')).stdout).toContain('generation none: "tributary batch run --full --wait" computes one');
  rmSync(join(dataDir, 'archive/events/date=2026-11-20/p01-000000-a1.parquet'));
  const done = await recover();
  expect(done).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('p01-000000-a1.parquet is missing') });
  expect(asked()).toBe(false);
  const empty = await tributary(['recover', '--data-dir', temporaryFolder('empty'), '--redis-url', server.url]);
  expect(empty).toMatchObject({ code: 2, stderr: expect.stringContaining('must be a data folder with an archive') });
});
