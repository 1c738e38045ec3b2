/** A whole platform under load and faults: after each, all laws at once. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Platform, startPlatform } from '@tributary/local/launch';
import { programOf, type RoleName } from '@tributary/local/roles';
import type { Event } from '@tributary/model/event';
import { builtInDefinitions } from '@tributary/runtime/config/definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { expect } from 'vitest';
import { type Client, createClient, type SentEvent, until } from '../e2e/client.ts';
import { startLoad } from './load.ts';

const LOAD_MS = 800;
const ROLES = ['collector', 'speed', 'archiver', 'recompute', 'api'] as const;
const definitions = builtInDefinitions();

export interface Rig {
  readonly platform: Platform;
  readonly client: Client;
  /** Load before, during and after the fault; then all laws at once, in real time and after a generation. */
  survives(fault: () => Promise<void>): Promise<void>;
  /** One more process of the role on the same log, store and folder, as a supervisor elsewhere would start it. */
  another(role: RoleName): Another;
  stop(): Promise<void>;
}

export interface Another {
  /** Once it says so. */
  readonly ready: Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** Kills it, if it still runs. */
  stop(): Promise<void>;
}

/** `env`: settings of every role, e.g. where Kafka is. */
export async function startRig(env: Readonly<Record<string, string>> = {}): Promise<Rig> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-faults-'));
  // A run whose coordinator is killed waits for the end of its lock.
  const settings = { TRIBUTARY_BATCH_EVERY_MS: '0', TRIBUTARY_BATCH_LOCK_MS: '5000', TRIBUTARY_LOG_LEVEL: 'warn', ...env };
  const platform = await startPlatform({ dataDir, env: settings });
  const client = createClient(platform);
  const everything: SentEvent[] = [];
  const others: Another[] = [];
  let seed = 0;

  async function survives(fault: () => Promise<void>): Promise<void> {
    const load = startLoad(client, { seed: ++seed });
    await sleep(LOAD_MS);
    await fault();
    await sleep(LOAD_MS);
    everything.push(...(await load.stop()));

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
    // One that was under way is published first: its cut may lie before the last events, or right after them, and
    // then the next run finds nothing new.
    await until('a generation over everything', 60_000, async () => {
      await client.generation();
      return (await client.read('/v1/activity?view=batch')).totals.events >= everything.length;
    });
    expect(differences(await client.rows(), expected)).toEqual([]);
    expect(differences(await client.rows('batch'), expected), 'the archive holds every acknowledged event').toEqual([]);
  }

  function another(role: RoleName): Another {
    const child = spawn(process.execPath, [programOf(role)], {
      env: {
        ...process.env,
        ...settings,
        TRIBUTARY_REDIS_URL: platform.redisUrl,
        TRIBUTARY_DATA_DIR: dataDir,
        TRIBUTARY_LOG_LEVEL: 'error',
      },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const ended = once(child, 'exit');
    const started: Another = {
      ready: new Promise((resolve) => child.once('message', () => resolve())),
      kill: (signal) => void child.kill(signal),
      async stop() {
        child.kill('SIGCONT');
        child.kill('SIGKILL');
        await ended;
      },
    };
    others.push(started);
    return started;
  }

  return {
    platform,
    client,
    survives,
    another,
    async stop() {
      await Promise.all(others.map((other) => other.stop()));
      await platform.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Twice in a row, each time once it is up again. */
export async function killTwice({ platform }: Rig, role: RoleName): Promise<void> {
  for (let i = 0; i < 2; i++) {
    await platform.roles[role].whenReady(30_000);
    platform.roles[role].kill('SIGKILL');
    await sleep(500);
  }
  await platform.roles[role].whenReady(30_000);
}

export async function endOneAfterTheOther({ platform }: Rig): Promise<void> {
  for (const role of ROLES) {
    platform.roles[role].kill('SIGTERM');
    await sleep(200);
  }
  for (const role of ROLES) await platform.roles[role].whenReady(30_000);
}

/** The worker sleeps, another takes over, and it wakes. */
export async function sleepAndWake({ platform, another }: Rig, role: 'speed' | 'archiver', sleepMs: number): Promise<void> {
  const rival = another(role);
  await rival.ready;
  platform.roles[role].kill('SIGSTOP');
  await sleep(sleepMs);
  platform.roles[role].kill('SIGCONT');
  await sleep(1_000);
  await rival.stop();
}

/** A generation is under way when its coordinator is killed. */
export async function killCoordinator({ platform, client }: Rig): Promise<void> {
  await client.admin('POST', '/v1/generations', { mode: 'full' });
  await sleep(150);
  platform.roles.recompute.kill('SIGKILL');
  // A fourth death within half a minute ends every wait that began before it; the role is started again all the same.
  await platform.roles.recompute.whenGone();
  await platform.roles.recompute.whenReady(30_000);
}

export async function killRedis({ platform }: Rig): Promise<void> {
  platform.redis.kill('SIGKILL');
  await sleep(300);
  await platform.redis.whenReady(30_000);
}

/** A thousand answers while generations are published: each is of one generation, and says which. */
export async function readersWhilePublishing({ client }: Rig, generations: number): Promise<number> {
  let done = false;
  let answers = 0;
  const reader = async () => {
    while (!done) {
      const { totals, rows, meta } = await client.read('/v1/activity');
      const sum = (rows as { events: number }[]).reduce((all, row) => all + row.events, 0);
      expect(sum, `generation ${meta.generation}: rows and totals of one answer`).toBe(totals.events);
      expect(meta.complete).toBe(true);
      answers++;
      // The publishing worker needs the processors as well.
      await sleep(20);
    }
  };
  const readers = Promise.all(Array.from({ length: 4 }, reader));
  for (let i = 0; i < generations; i++) await client.generation(i % 2 === 0 ? 'full' : 'incremental');
  done = true;
  await readers;
  return answers;
}
