/**
 * Fault 2, whatever the log lies in: Redis dies, and its append-only file ends in the middle of a write. What is cut off takes state and position back
 * together: the log is read again from there, nothing is counted twice, and merged = naive over what the log still has. What
 * the archive had already sealed counts again with the next generation.
 */
import { mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Platform, startPlatform } from '@tributary/local/launch';
import type { Event } from '@tributary/model/event';
import { builtInDefinitions } from '@tributary/runtime/config/definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Client, createClient, type SentEvent, until } from '../e2e/client.ts';
import { shoppers } from '../e2e/shoppers.ts';

const definitions = builtInDefinitions();

const truth = (events: readonly SentEvent[]) =>
  naive(
    events.map((event) => ({ ...event, receivedAt: event.ts }) as Event),
    definitions,
  );

/** `settings`: of every role, e.g. where Kafka is; asked for once the suite runs. */
export function testTruncatedAof(settings: () => Readonly<Record<string, string>>): void {
  let dataDir: string;
  let platform: Platform;
  let client: Client;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tributary-aof-'));
    platform = await startPlatform({
      dataDir,
      autoRestart: false,
      // Commits and generations are by partition, and most of what this takes of a processor.
      env: { TRIBUTARY_BATCH_EVERY_MS: '0', TRIBUTARY_LOG_LEVEL: 'warn', TRIBUTARY_PARTITIONS: '4', ...settings() },
    });
    client = createClient(platform);
  }, 90_000);

  afterAll(async () => {
    await platform?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  /** While the store is away, readers get the last report, marked incomplete: that does not count what is there now. */
  const counted = async () => {
    const { totals, meta } = await client.read('/v1/activity');
    return meta.complete ? (totals.events as number) : 0;
  };
  const acknowledged: SentEvent[] = [];

  // Each cut is deeper: within the last command, over a commit, over several commits and appends.
  it.each([1, 37, 400, 20_000])('when the last %i bytes of the append-only file are gone', async (lostBytes) => {
    const events = shoppers({ seed: lostBytes, events: 400, users: 60, nowMs: Date.now(), prefix: `cut${lostBytes}` });
    for (let i = 0; i < events.length; i += 20) await client.send(events.slice(i, i + 20));
    acknowledged.push(...events);
    await until('everything is counted', 30_000, async () => (await counted()) >= acknowledged.length);

    platform.redis.kill('SIGKILL');
    await platform.redis.whenGone();
    await cutTail(dataDir, lostBytes);
    await platform.redis.restart();

    // Clients send again what they are not sure of: duplicates do not count, and what was lost arrives again.
    for (let i = 0; i < events.length; i += 20) await client.send(events.slice(i, i + 20));
    await until('everything is counted again', 30_000, async () => (await counted()) >= acknowledged.length);
    expect(differences(await client.rows(), truth(acknowledged))).toEqual([]);
    await client.generation();
    expect(differences(await client.rows(), truth(acknowledged))).toEqual([]);
    expect(differences(await client.rows('batch'), truth(acknowledged))).toEqual([]);
  });
}

/** Cuts the newest increment of the append-only file, as a machine that lost power in the middle of a write would. */
async function cutTail(dataDir: string, bytes: number): Promise<void> {
  const folder = join(dataDir, 'redis', 'appendonlydir');
  const increments = (await readdir(folder)).filter((name) => name.endsWith('.incr.aof')).sort();
  const newest = join(folder, increments.at(-1) as string);
  const { size } = await stat(newest);
  await truncate(newest, Math.max(0, size - bytes));
}
