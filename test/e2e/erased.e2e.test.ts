/** Law 9 on running processes, each killed on the way: what is erased does not count, and no byte lies where a receipt says that it was looked for. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Platform, startPlatform } from '@tributary/local/launch';
import { partitionOf } from '@tributary/model/user-key';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, createClient, until } from './client.ts';
import { plantedInFolder, plantedInRedis } from './planted.ts';

const PARTITIONS = 4;
const MARKER = 'mürker-9c2e@example.org';
const SECOND = 'sëcond-51fa@example.org';
const OTHER = 'somebody-else';
const dataDir = mkdtempSync(join(tmpdir(), 'tributary-erased-'));
let platform: Platform;
let client: Client;
let redis: Redis;

beforeAll(async () => {
  // The files of Redis are written again once the log is trimmed, for which Redis without a replica needs no minute.
  const trims = { TRIBUTARY_TRIM_DELAY_MS: '1000' };
  const few = { TRIBUTARY_PARTITIONS: String(PARTITIONS) };
  const env = {
    TRIBUTARY_BATCH_EVERY_MS: '0',
    TRIBUTARY_BATCH_KEEP_GENERATIONS: '2',
    TRIBUTARY_LOG_LEVEL: 'warn',
    ...trims,
    ...few,
  };
  platform = await startPlatform({ dataDir, env });
  client = createClient(platform);
  redis = new Redis(platform.redisUrl);
  // A search sees nothing in what is compressed.
  await redis.config('SET', 'rdbcompression', 'no');
});
afterAll(async () => {
  redis?.disconnect();
  await platform?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

interface Receipt {
  readonly id: string;
  readonly state: string;
  readonly bytes: { readonly gone: boolean; readonly places: { readonly place: string; readonly state: string }[] };
}

let sent = 0;
const purchase = (userId: string) => ({
  ...{ ts: Date.now(), source: 'test', id: `order-${++sent}`, type: 'purchase', userId },
  ...{ value: 100, currency: 'EUR', channel: 'search' },
});

/** Past the collector, and in any partition. */
async function appendBroken(user: string): Promise<void> {
  const stream = (partition: number) => `tributary:{${partition}}:log`;
  const [entry] = await redis.xrevrange(stream(partitionOf(user, PARTITIONS)), '+', '-', 'COUNT', 1);
  const [, [name = '', kind = '', second = '']] = entry as [string, string[]];
  await redis.xadd(stream(3), '*', name, kind, second, `{"ts":${Date.now()},"broken":"${user}`);
}

async function erase(user: string): Promise<Receipt> {
  const answer = await fetch(`${platform.apiUrl}/v1/users/${encodeURIComponent(user)}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${platform.keys.admin}` },
  });
  expect(answer.status).toBe(202);
  return ((await answer.json()) as { erasures: Receipt[] }).erasures[0] as Receipt;
}

const counted = async () => (await client.read('/v1/conversions')).totals.conversions as number;

test('law 9: an erased user counts nowhere, and goes from archive, generations and records while each role is killed', async () => {
  await client.send([purchase(MARKER), purchase(MARKER), purchase(OTHER)]);
  await client.generation();
  await client.send([purchase(MARKER)]);
  await until('all count', 30_000, async () => (await counted()) === 4);
  expect(await plantedInRedis(redis, MARKER)).not.toEqual([]);
  await until('the search finds them', 30_000, async () =>
    (await plantedInFolder(dataDir, MARKER)).some(({ place }) => place === 'archive'),
  );
  const { id } = await erase(MARKER);
  const receipt = async () => (await client.admin('GET', `/v1/erasures/${id}`)).body.erasure as Receipt;
  await until('real time read it', 30_000, async () => (await receipt()).state === 'notCounted');
  await until('nothing of them counts', 30_000, async () => (await counted()) === 1);

  let others = 1;
  for (const role of ['speed', 'archiver', 'recompute', 'api', 'collector', 'recompute'] as const) {
    await client.send([purchase(MARKER), purchase(OTHER)]);
    others++;
    platform.roles[role].kill('SIGKILL');
    await platform.roles[role].whenReady(30_000);
    await client.generation();
    await until('theirs alone count', 30_000, async () => (await counted()) === others);
  }
  expect(await receipt()).toMatchObject({ state: 'recomputed', bytes: { gone: false } });
  expect(await client.read(`/v1/users/${encodeURIComponent(MARKER)}/signals`)).toMatchObject({ status: 'NOT_FOUND' });

  // What was refused meanwhile was archived after the cut of the search: later runs take it.
  await until('nothing is left where it was looked for', 120_000, async () => {
    await client.send([purchase(OTHER)]);
    await client.generation();
    const found = [...(await plantedInRedis(redis, MARKER)), ...(await plantedInFolder(dataDir, MARKER))];
    const places = new Map((await receipt()).bytes.places.map(({ place, state }) => [place, state]));
    const isDone = places.get('archive') === 'searched' && places.get('generations') === 'writtenWithout';
    return isDone && found.every(({ place }) => place !== null && places.get(place) === 'mayHold');
  });

  // Another one who sends nothing more: no byte is left in any file, those of Redis among them, nor in Redis.
  await client.send([purchase(SECOND)]);
  await appendBroken(SECOND);
  await client.generation();
  await until('what is not an event is a dead letter', 30_000, async () =>
    (await plantedInRedis(redis, SECOND)).some(({ place }) => place === 'deadLetters'),
  );
  const second = await erase(SECOND);
  const isLastSearched = async () => {
    const { state, bytes } = (await client.admin('GET', `/v1/erasures/${second.id}`)).body.erasure as Receipt;
    const searched = bytes.places.filter((one) => one.state === 'searched').map(({ place }) => place);
    return state === 'recomputed' && ['archive', 'deadLetters', 'deadRecords'].every((place) => searched.includes(place));
  };
  // Their bytes may be gone before a run has searched where others of theirs could still come.
  await until('nothing is left anywhere, and the receipt says so', 330_000, async () => {
    await client.send([purchase(OTHER)]);
    await client.generation();
    const left = [...(await plantedInRedis(redis, SECOND)), ...(await plantedInFolder(dataDir, SECOND))];
    return left.length === 0 && (await isLastSearched());
  });
  // Files come and go while the platform runs: only now does a search see each of them.
  redis.disconnect();
  await platform.stop();
  expect(await plantedInFolder(dataDir, SECOND)).toEqual([]);
}, 580_000);
