/** Which archive a log is archived in, as Redis keeps it, and who asks before anything starts. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demandFolderOfLog } from '@tributary/runtime/event-log/folder-history';
import { eventLogNote } from '@tributary/runtime/event-log/note';
import {
  archiveIdentity,
  archiveOf,
  assertArchiveOfLog,
  assertOwnArchive,
  createArchiveClaims,
} from '@tributary/runtime/event-log/own-archive';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { startRedis } from '@tributary/testkit/servers/redis-server';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { redisTroubles } from './servers.ts';

let server: Awaited<ReturnType<typeof startRedis>>;
let redis: ReturnType<typeof connectRedis>;

beforeAll(async () => {
  server = await startRedis();
  redis = connectRedis(server.url, 'commit', () => {});
  await whenReady(redis, 10_000);
});
beforeEach(async () => {
  await redis.flushall();
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

async function folder(identity?: string): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-own-'));
  onTestFinished(() => rm(dataDir, { recursive: true }));
  if (identity !== undefined) {
    await mkdir(join(dataDir, 'archive'));
    await writeFile(join(dataDir, 'archive', 'identity.json'), identity);
  }
  return dataDir;
}
const IDENTITY = JSON.stringify({ identity: 'its own' });

test('law 6: the first archive that claims a log has it, each log has its own', async () => {
  const claims = createArchiveClaims(redis);
  expect(await claims.of('log')).toBeNull();
  const stand = await Promise.all(Array.from({ length: 8 }, (_, i) => createArchiveClaims(redis).claim('log', `archive ${i}`)));
  expect(new Set(stand).size).toBe(1);
  expect([await claims.of('log'), await archiveOf(redis, 'log')]).toEqual([stand[0], stand[0]]);
  expect(await claims.claim('another log', 'another archive')).toBe('another archive');
  expect(await claims.claim('log', 'another archive')).toBe(stand[0]);
});

test('law 6: roles, npm start and doctor refuse a folder that the log is not archived in', async () => {
  const [own, other, empty] = [await folder(IDENTITY), await folder('{"identity": "another"}'), await folder()];
  const log = { identity: 'log', starts: async () => [null, null] };
  const starts = (dataDir: string) => demandFolderOfLog(dataDir, log, { dropsByAge: false, redis });
  const looks = (dataDir: string) =>
    redisTroubles(server.url, { dataDir, restore: false, partitions: 2, isInKafka: false }, 1_000);
  await redis.hset('tributary:log', 'identity', 'log');
  for (const dataDir of [own, other, empty]) {
    await starts(dataDir);
    await assertArchiveOfLog(redis, dataDir);
  }
  await createArchiveClaims(redis).claim('log', 'its own');
  await starts(own);
  await assertArchiveOfLog(redis, own);
  expect(await looks(own)).toEqual([]);
  for (const [dataDir, got] of [
    [other, 'its archive is another'],
    [empty, 'it has no archive/identity.json'],
  ] as const) {
    const refusal = {
      code: 'history_mismatch',
      message: expect.stringContaining(
        `must be the folder with the archive its own, which this log is archived in (got "${dataDir}": ${got}). Mount`,
      ),
    };
    await expect(starts(dataDir)).rejects.toMatchObject(refusal);
    await expect(assertArchiveOfLog(redis, dataDir)).rejects.toMatchObject(refusal);
    expect(await looks(dataDir)).toEqual([refusal.message]);
  }
});

test('law 6: doctor refuses a folder whose log in Kafka is archived in another one', async () => {
  const dataDir = await folder(IDENTITY);
  const looks = () => redisTroubles(server.url, { dataDir, restore: false, partitions: 2, isInKafka: true }, 1_000);
  await createArchiveClaims(redis).claim('log in Kafka', 'another');
  expect(await looks()).toEqual([]);
  eventLogNote(dataDir, 'in Kafka', '').note('log in Kafka');
  expect(await looks()).toEqual([
    expect.stringContaining('must be the folder with the archive another, which this log is archived in'),
  ]);
  await redis.del('tributary:archives');
  expect(await looks()).toEqual([]);
});

test('a damaged file is named; a Redis that does not answer is one that waiting may bring back', async () => {
  const damaged = await folder('{');
  const path = join(damaged, 'archive', 'identity.json');
  const wayBack = 'Write that in its place, as Redis names this archive, or restore it from a backup';
  const says = (known: string | null) => archiveIdentity(damaged, known).catch(({ message, code }) => `${code}: ${message}`);
  expect([await says(null), await says('its own')]).toEqual([
    `manifest_corrupt: ${path} must read {"identity": "…"} (got: another text). Restore it from a backup; where this log was archived before, Redis has the identity in tributary:archives.`,
    `manifest_corrupt: ${path} must read {"identity": "its own"} (got: another text). ${wayBack}.`,
  ]);
  await rm(path);
  await mkdir(path);
  expect(await says('its own')).toContain(`(got: it is a folder). ${wayBack}.`);
  await expect(assertOwnArchive(damaged, 'its own')).rejects.toThrow('must read {"identity": "its own"} (got: it is a folder)');
  const gone = connectRedis(server.url, 'commit', () => {});
  gone.disconnect();
  await expect(archiveOf(gone, 'log')).rejects.toMatchObject({ code: 'store_unavailable' });
  await expect(createArchiveClaims(gone).claim('log', 'a')).rejects.toMatchObject({ code: 'store_unavailable' });
});
