/** Steps of the story where keys are joined and the log lies in Kafka: each role is killed in the middle of it, and a person is erased to the last byte. */
import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Platform } from '@tributary/local/launch';
import { Redis } from 'ioredis';
import { type Client, type SentEvent, until } from './client.ts';
import { plantedInFolder, plantedInRedis } from './planted.ts';
import { isTrue, type Shopper, shopper, under } from './shop-life.ts';

const LONG_MS = 90_000;
/** In all keys of the person who is erased. */
const MARKER = 'mürker-3c9d';

/** What the story has sent, and who is who. */
export interface Life {
  readonly sent: SentEvent[];
  readonly owners: Map<string, string>;
}

/** Kafka removes a file whole, once it writes to another one and all that is in it was let go of: here within seconds. */
export const SHORT_SEGMENTS = {
  'log.roll.ms': '1000',
  'log.retention.check.interval.ms': '1000',
  'log.initial.task.delay.ms': '1000',
  'log.segment.delete.delay.ms': '0',
};

/** Resolves once answers are complete, and those of the slow oracle. */
async function untilTrue(client: Client, { sent, owners }: Life, what: string): Promise<void> {
  await until(what, LONG_MS, isTrue(client, sent, owners));
}

/** Each role dies between a visit and its sign-in, and again between that and the order. */
export async function liveWhileKilled(platform: Platform, client: Client, life: Life): Promise<void> {
  const nowMs = Date.now();
  const send = async (one: Shopper, strike: () => void) => {
    life.owners.set(one.cookie, one.user);
    for (const events of [one.visit, [one.signIn], [one.order]]) {
      await client.send(events);
      life.sent.push(...events);
      strike();
    }
  };
  const all: Shopper[] = [];
  for (const role of ['collector', 'speed', 'archiver', 'api', 'recompute'] as const) {
    const one = shopper(`user of ${role}`, `cookie of ${role}`, nowMs);
    await send(one, () => platform.roles[role].kill('SIGKILL'));
    all.push(one);
  }
  await untilTrue(client, life, 'each order is credited to its ad, although each role was killed');
  platform.roles.recompute.kill('SIGKILL');
  platform.roles.speed.kill('SIGKILL');
  await client.generation();
  await untilTrue(client, life, 'so it is on top of a generation');
  for (const { user, cookie, order } of all) {
    const answer = await under(client, user, order.id);
    assert.equal(answer['owner'], user);
    assert.deepEqual(await under(client, cookie, order.id), answer);
  }
}

/** `kafkaDir`: where the brokers have their files. */
export async function eraseToTheLastByte(platform: Platform, client: Client, life: Life, kafkaDir: string): Promise<void> {
  const redis = new Redis(platform.redisUrl);
  // A search sees nothing in what is compressed.
  await redis.config('SET', 'rdbcompression', 'no');
  const { visit, signIn, order, user, cookie } = shopper(`person ${MARKER}`, `cookie ${MARKER}`, Date.now());
  const found = async () => [
    ...(await plantedInRedis(redis, MARKER)).map(({ from }) => JSON.stringify(from)),
    ...(await plantedInFolder(platform.dataDir, MARKER)).map(({ from }) => JSON.stringify(from)),
    ...filesWith(kafkaDir, MARKER),
  ];
  try {
    for (const event of [...visit, signIn, order]) await client.send([event]);
    assert.notDeepEqual(filesWith(kafkaDir, MARKER), []);
    const owners = new Map([...life.owners, [cookie, user]]);
    await untilTrue(client, { sent: [...life.sent, ...visit, signIn, order], owners }, 'the order is credited');
    await client.generation();
    assert.ok((await found()).length > 5);
    const erased = await client.admin('POST', '/v1/erasures', { users: [cookie] });
    assert.equal(erased.status, 202);
    assert.equal(erased.body.erasures.length, 2);
    for (const role of ['speed', 'archiver'] as const) platform.roles[role].kill('SIGKILL');
    let others = 0;
    await until('nothing is left anywhere', 3 * LONG_MS, async () => {
      // For each partition something comes behind what is to go: Kafka removes files whole.
      const more = Array.from({ length: 64 }, (_, i): SentEvent => {
        const id = `other-${++others}`;
        return { ts: Date.now(), id, source: 'story', type: 'product_view', userId: `other ${i}` };
      });
      await client.send(more);
      life.sent.push(...more);
      await client.generation();
      const left = await found();
      if (left.length > 0) process.stdout.write(`  still in ${left.length} places, such as ${left.slice(0, 3).join(' and ')}\n`);
      return left.length === 0;
    });
    await untilTrue(client, life, 'nothing else went');
  } finally {
    redis.disconnect();
  }
}

/** A file may go while the folder is searched. Outputs stay for as long as their topic keeps them. */
function filesWith(folder: string, text: string): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).filter((file) => !/\.outputs-\d+\//.test(file));
  return paths.filter((file) => bytesOf(file).includes(text));
}

function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}
