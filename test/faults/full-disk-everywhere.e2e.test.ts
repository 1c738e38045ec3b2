/**
 * Fault 9 with everything on one disk, as on a laptop: Redis, archive, logs. What is taken stops while there is still room,
 * every role goes on answering, and all of them go on by themselves once there is space.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, statfsSync, writeSync } from 'node:fs';
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
import { shoppers } from '../e2e/shoppers.ts';
import { startLoad } from './load.ts';

const RESERVE_MB = 24;
const dataDir = await mkdtemp(join(tmpdir(), 'tributary-everywhere-'));
const mountable = tryMount(dataDir, 160);
let platform: Platform | undefined;

afterAll(async () => {
  await platform?.stop();
  if (mountable) execFileSync('umount', ['-l', dataDir]);
  await rm(dataDir, { recursive: true, force: true });
});

describe('law 6: a full disk under the whole platform', () => {
  it.skipIf(!mountable)(
    'is 503 with the reason, on every role; nothing freezes, nothing ends, nothing acknowledged is lost (skipped where mounting a tmpfs needs root)',
    async () => {
      platform = await startPlatform({
        dataDir,
        env: { TRIBUTARY_BATCH_EVERY_MS: '0', TRIBUTARY_LOG_LEVEL: 'debug', TRIBUTARY_DISK_RESERVE_MB: String(RESERVE_MB) },
      });
      const { collectorUrl, apiUrl, ports } = platform;
      const client = createClient(platform);
      const load = startLoad(client, { seed: 78 });
      await sleep(1_500);

      // Below the mark: reported and refused, though Redis still writes.
      const filler = fillTo(join(dataDir, 'filler'), RESERVE_MB - 4);
      let probes = 0;
      const refused = await until('the collector refuses', 30_000, async () => {
        const events = shoppers({ seed: 1, events: 1, users: 1, nowMs: Date.now(), prefix: `x${++probes}` });
        const answer = await client.post(events);
        if (answer.status !== 200) return answer;
        load.acknowledged.push(...events);
        return undefined;
      });
      expect(refused).toMatchObject({ status: 503, body: { code: 'disk_full', detail: expect.stringContaining('MB left') } });
      const restartsBefore = restarts(platform);

      // Full to the last byte: log lines cannot be written either.
      const rest = fillTo(join(dataDir, 'rest'), 0);
      const addresses = [collectorUrl, apiUrl, ...[ports.speed, ports.archiver, ports.recompute].map(local)];
      const readiness = (address: string) => fetch(`${address}/readyz`, { signal: AbortSignal.timeout(3_000) });
      // Each role looks at the disk by itself, and answers from its last look.
      for (const address of addresses)
        await until(`${address} notices`, 30_000, async () => (await (await readiness(address)).text()).includes('MB left'));
      for (let second = 0; second < 6; second++) {
        for (const address of addresses) {
          const answer = await readiness(address);
          expect(await answer.text(), `${address} says why`).toContain('MB left');
          // Reads go on where Redis does: it ends itself when it cannot write, and is started again.
          if (address !== apiUrl) expect(answer.status, address).toBe(503);
        }
        await sleep(500);
      }
      expect(restarts(platform).roles, 'no role ended').toEqual(restartsBefore.roles);

      rmSync(rest);
      rmSync(filler);
      const events = await load.stop();
      const expected = naive(
        events.map((event) => ({ ...event, receivedAt: event.ts }) as Event),
        builtInDefinitions(),
      );
      await until(
        'everything is counted',
        60_000,
        async () => (await client.read('/v1/activity')).totals.events >= events.length,
      );
      expect(differences(await client.rows(), expected)).toEqual([]);
      await client.generation();
      expect(differences(await client.rows('batch'), expected), 'the archive holds every acknowledged event').toEqual([]);
      for (const address of addresses) expect((await fetch(`${address}/readyz`)).status, address).toBe(200);
      const metrics = await (await fetch(`${collectorUrl}/metrics`)).text();
      expect(metrics, 'lines that could not be written were counted').toMatch(/tributary_log_lines_dropped_total [1-9]/);
      expect(readFileSync(platform.logFile('collector'), 'utf8')).toContain('log lines could not be written');
    },
  );
});

const local = (port: number) => `http://127.0.0.1:${port}`;

function restarts({ roles, redis }: Platform) {
  return { redis: redis.restarts, roles: Object.values(roles).map((role) => role.restarts) };
}

/** A small disk of its own at `folder`; false where that is not allowed. */
function tryMount(folder: string, megabytes: number): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Takes space until `leftMb` are left. */
function fillTo(path: string, leftMb: number): string {
  const descriptor = openSync(path, 'w');
  const leftBytes = () => {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize - leftMb * 1024 * 1024;
  };
  for (const size of [1 << 20, 1 << 12, 1]) {
    const block = Buffer.alloc(size);
    try {
      while (leftMb === 0 || leftBytes() >= size) if (writeSync(descriptor, block) < size) break;
    } catch {
      // Full for blocks of this size.
    }
    if (leftMb > 0 && size === 1 << 12) break;
  }
  closeSync(descriptor); // an open file would hold the space beyond its removal
  return path;
}
