/**
 * Fault 9: the disk of the archive is full, on real processes under load. Redis, with the log in it, has a disk of its own and
 * goes on acknowledging; the archiver waits and trims nothing. Once there is space again everything acknowledged is archived
 * and counts once.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Platform, startPlatform } from '@tributary/local/launch';
import type { Event } from '@tributary/model/event';
import { builtInDefinitions } from '@tributary/runtime/config/definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { afterAll, describe, expect, it } from 'vitest';
import { createClient, until } from '../e2e/client.ts';
import { startLoad } from './load.ts';

const dataDir = await mkdtemp(join(tmpdir(), 'tributary-full-'));
const mounted: string[] = [];
const mountable = tryMount(dataDir, 48);
let platform: Platform | undefined;

afterAll(async () => {
  await platform?.stop();
  for (const folder of mounted.reverse()) execFileSync('umount', ['-l', folder]);
  await rm(dataDir, { recursive: true, force: true });
});

describe('law 6: a full disk under the archive', () => {
  it.skipIf(!mountable)('delays the archive and loses nothing (skipped where mounting a tmpfs needs root)', async () => {
    // Only the archive, the generations and their staging share the small disk.
    for (const folder of ['redis', 'logs']) tryMount(join(dataDir, folder), 256);
    platform = await startPlatform({ dataDir, env: { TRIBUTARY_BATCH_EVERY_MS: '0', TRIBUTARY_LOG_LEVEL: 'warn' } });
    const client = createClient(platform);
    const load = startLoad(client, { seed: 77 });
    await sleep(1_000);
    const filler = fill(join(dataDir, 'filler'));
    const before = load.acknowledged.length;
    await sleep(3_000);
    expect(load.acknowledged.length, 'events are acknowledged while the archive waits').toBeGreaterThan(before);
    rmSync(filler);
    await sleep(1_000);
    const events = await load.stop();

    const expected = naive(
      events.map((event) => ({ ...event, receivedAt: event.ts }) as Event),
      definitions(),
    );
    await until('everything is counted', 60_000, async () => (await client.read('/v1/activity')).totals.events >= events.length);
    expect(differences(await client.rows(), expected)).toEqual([]);
    await client.generation();
    expect(differences(await client.rows(), expected)).toEqual([]);
    expect(differences(await client.rows('batch'), expected), 'the archive holds every acknowledged event').toEqual([]);
  });
});

const definitions = () => builtInDefinitions();

/** A small disk of its own at `folder`; false where that is not allowed. */
function tryMount(folder: string, megabytes: number): boolean {
  mkdirSync(folder, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return false;
  }
  mounted.push(folder);
  return true;
}

/** Takes all the space that is left. */
function fill(path: string): string {
  const descriptor = openSync(path, 'w');
  for (const size of [1 << 20, 1 << 12, 1]) {
    const block = Buffer.alloc(size);
    try {
      while (writeSync(descriptor, block) === size);
    } catch {
      // Full for blocks of this size.
    }
  }
  closeSync(descriptor); // an open file would hold the space beyond its removal
  return path;
}
