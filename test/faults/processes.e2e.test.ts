/**
 * Real faults on the real processes, under load. After each: every acknowledged event is in the archive, counted once,
 * and the merged answer equals the naive computation over all that was ever acknowledged.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Platform, startPlatform } from '@tributary/local/launch';
import type { Event } from '@tributary/model/event';
import { loadDefinitions } from '@tributary/runtime/definitions';
import { differences } from '@tributary/testkit/compare-rows';
import { naive } from '@tributary/testkit/naive';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, createClient, type SentEvent, until } from '../e2e/client.ts';
import { startLoad } from './load.ts';

const LOAD_MS = 1_500;
const definitions = loadDefinitions('');
const everything: SentEvent[] = [];
let dataDir: string;
let platform: Platform;
let client: Client;
let seed = 0;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tributary-faults-'));
  platform = await startPlatform({ dataDir, env: { TRIBUTARY_BATCH_EVERY_MS: '0', TRIBUTARY_LOG_LEVEL: 'warn' } });
  client = createClient(platform);
}, 90_000);

afterAll(async () => {
  await platform?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** Load before, during and after the fault; then all laws at once, in real time and after a generation. */
async function survives(fault: () => Promise<void>): Promise<void> {
  const load = startLoad(client, { seed: ++seed });
  await sleep(LOAD_MS);
  await fault();
  await sleep(LOAD_MS);
  everything.push(...(await load.stop()));
  const stoppedMs = Date.now();

  const expected = naive(
    everything.map((event) => ({ ...event, receivedAt: event.ts }) as Event),
    definitions,
  );
  await until(
    'the speed layer has counted everything',
    60_000,
    async () => (await client.read('/v1/activity')).totals.events >= everything.length,
  );
  await until('answers are complete', 20_000, async () => (await client.read('/v1/activity')).meta.complete);
  expect(differences(await client.rows(), expected)).toEqual([]);
  // One that was under way is published first: its cut may lie before the last events.
  await until('a generation over everything', 60_000, async () => {
    await client.generation();
    return (await client.read('/v1/activity')).meta.cut >= stoppedMs;
  });
  expect(differences(await client.rows(), expected)).toEqual([]);
  expect(differences(await client.rows('batch'), expected), 'the archive holds every acknowledged event').toEqual([]);
}

describe('laws 1, 3 and 6 hold on real processes', () => {
  for (const role of ['speed', 'archiver', 'collector', 'recompute', 'api'] as const) {
    it(`when the ${role} is killed (kill -9) under load`, async () => {
      await survives(async () => {
        for (let i = 0; i < 2; i++) {
          await platform.roles[role].whenReady(30_000);
          platform.roles[role].kill('SIGKILL');
          await sleep(500);
        }
        await platform.roles[role].whenReady(30_000);
      });
    });
  }

  it('when Redis is killed (kill -9) under load: what was acknowledged is on disk', async () => {
    await survives(async () => {
      platform.redis.kill('SIGKILL');
      await sleep(300);
      await platform.redis.whenReady(30_000);
    });
  });

  it('when Redis stands still for five seconds (SIGSTOP, SIGCONT)', async () => {
    await survives(async () => {
      platform.redis.kill('SIGSTOP');
      await sleep(5_000);
      platform.redis.kill('SIGCONT');
    });
  });

  it('when a speed worker sleeps, another takes over, and the zombie wakes: it is fenced', async () => {
    const other = await startZombieRival();
    try {
      await survives(async () => {
        platform.roles.speed.kill('SIGSTOP');
        await sleep(2_000);
        platform.roles.speed.kill('SIGCONT');
        await sleep(1_000);
      });
    } finally {
      await other.stop();
    }
  });

  it('when every role is told to end (SIGTERM) under load, one after the other', async () => {
    await survives(async () => {
      for (const role of ['collector', 'speed', 'archiver', 'recompute', 'api'] as const) {
        platform.roles[role].kill('SIGTERM');
        await sleep(200);
      }
      for (const role of ['collector', 'speed', 'archiver', 'recompute', 'api'] as const)
        await platform.roles[role].whenReady(30_000);
    });
  });

  it('when a generation is under way and its coordinator is killed', async () => {
    await survives(async () => {
      await client.admin('POST', '/v1/generations', { mode: 'full' });
      await sleep(150);
      platform.roles.recompute.kill('SIGKILL');
      await platform.roles.recompute.whenReady(30_000);
    });
  });
});

/** A second speed worker on the same log and store, as a supervisor elsewhere would start it. */
async function startZombieRival(): Promise<{ stop(): Promise<void> }> {
  const child = spawn(process.execPath, ['services/speed/src/main.ts'], {
    env: { ...process.env, TRIBUTARY_REDIS_URL: platform.redisUrl, TRIBUTARY_DATA_DIR: dataDir, TRIBUTARY_LOG_LEVEL: 'error' },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  return {
    async stop() {
      if (child.exitCode !== null) return;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}
