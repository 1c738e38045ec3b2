import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { accepts } from '../servers/accepts.ts';
import { missingKafka } from './for-tests.ts';
import { startKafka } from './kafka-cluster.ts';

const HOLD = fileURLToPath(new URL('./hold-kafka.ts', import.meta.url));
const RESET_QUICKLY = { 'broker.session.timeout.ms': '3000', 'broker.heartbeat.interval.ms': '500' };

describe.skipIf((await missingKafka('the broker itself', true)) !== null)('a Kafka of our own', () => {
  it('serves on loopback only, and leaves neither process nor folder', async () => {
    const kafka = await startKafka();
    const [broker] = kafka.brokers;
    const folder = join(broker?.logFile ?? '', '..', '..');
    expect(await accepts(broker?.port as number)).toBe(true);
    expect(isAlive(broker?.pid as number)).toBe(true);
    for (const address of addressesOfThisMachine()) expect(await accepts(broker?.port as number, address)).toBe(false);
    const pid = broker?.pid as number;
    // Java unpacks its libraries there: killed, it leaves them.
    if (existsSync('/proc/self/cmdline'))
      expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toContain(`\0-Djava.io.tmpdir=${join(folder, 'broker-1.tmp')}\0`);
    await kafka.stop();
    expect(isAlive(pid)).toBe(false);
    expect(existsSync(folder)).toBe(false);
  });

  it.runIf(existsSync('/proc/self/maps'))('reads its classes from the archive that the first one wrote', async () => {
    // Another file's broker may be writing it: then brokers start without. A minute is enough for that.
    const limitMs = Date.now() + 60_000;
    for (;;) {
      const kafka = await startKafka();
      try {
        const place = `/proc/${kafka.brokers[0]?.pid}`;
        const [, archive] = /-XX:SharedArchiveFile=([^\0]+)/.exec(readFileSync(`${place}/cmdline`, 'utf8')) ?? [];
        if (archive !== undefined) return expect(readFileSync(`${place}/maps`, 'utf8')).toContain(archive);
      } finally {
        await kafka.stop();
      }
      if (Date.now() > limitMs) throw new Error('brokers start without an archive of classes: see stderr for the reason');
    }
  });

  it('dies with its parent, and its temporary folder with it', async () => {
    const parent = spawn(process.execPath, [HOLD], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const { pid, folder } = JSON.parse(line.toString()) as { pid: number; folder: string };
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await until(() => !isAlive(pid) && !existsSync(folder), 10_000);
  });

  it('of three, one that was killed comes back while the others serve', async () => {
    const kafka = await startKafka({ brokers: 3, settings: RESET_QUICKLY });
    try {
      const [first, second] = kafka.brokers;
      const before = second?.pid as number;
      await second?.kill();
      expect(isAlive(before)).toBe(false);
      expect(second?.pid).toBeNull();
      expect(await accepts(second?.port as number)).toBe(false);
      expect(await accepts(first?.port as number)).toBe(true);
      await second?.start();
      expect(await accepts(second?.port as number)).toBe(true);
    } finally {
      await kafka.stop();
    }
  });

  it('keeps the data folder of its caller, also on other ports', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'tributary-kept-'));
    try {
      const first = await startKafka({ dataDir });
      await first.stop();
      const kept = readFileSync(join(dataDir, 'broker-1', 'meta.properties'), 'utf8');
      const again = await startKafka({ dataDir });
      await again.stop();
      expect(kept).toContain('cluster.id=');
      expect(readFileSync(join(dataDir, 'broker-1', 'meta.properties'), 'utf8')).toBe(kept);
      expect((await stat(dataDir)).isDirectory()).toBe(true);
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });

  it('a broker that cannot start says why, with the end of its log', async () => {
    const wrong = startKafka({ settings: { 'num.io.threads': '-1' } });
    await expect(wrong).rejects.toMatchObject({ code: 'dependency_missing', message: expect.stringContaining('num.io.threads') });
  });

  it('a broker killed while it starts is gone', async () => {
    const kafka = await startKafka();
    const [broker] = kafka.brokers;
    await broker?.kill();
    const starting = broker?.start();
    const failed = expect(starting).rejects.toMatchObject({ code: 'dependency_missing' });
    await broker?.kill();
    await failed;
    expect(broker?.pid).toBeNull();
    await kafka.stop();
  });
});

/** Those that other machines may reach. */
function addressesOfThisMachine(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.flatMap(({ family, internal, address }) => (internal || family !== 'IPv4' ? [] : [address]));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(holds: () => boolean, limitMs: number): Promise<void> {
  const limit = AbortSignal.timeout(limitMs);
  while (!holds()) await sleep(50, undefined, { signal: limit });
}
