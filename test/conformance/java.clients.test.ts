/** The unmodified Segment for Java against the real collector. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SERVER, type StartedCollector, startCollector } from '../../services/collector/test/start-collector.ts';
import { fetchedOnce, fetchedOrReported } from './fetched.ts';
import { counted, type Exchange, overload, watch } from './seen.ts';

const run = promisify(execFile);
/** Java starts within seconds; on a busy machine it takes many. */
const RUN_MS = 90_000;
/** It ends before a better compiler, or a second thread that collects, would pay. */
const SHORT = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];
const HERE = join(import.meta.dirname, 'java');
const POM = join(HERE, 'pom.xml');
const JARS = await fetchedOrReported(
  'the library for Java (test/conformance/java.clients.test.ts)',
  'On Debian: apt-get install default-jdk-headless maven.',
  async () => {
    await run('javac', ['-version'], { timeout: 20_000 });
    return fetchedOnce('segment-java', POM, (folder) => {
      const copy = ['dependency:copy-dependencies', `-DoutputDirectory=${folder}`, '-DincludeScope=runtime'];
      return run('mvn', ['--batch-mode', '--quiet', '--strict-checksums', '--file', POM, ...copy], { timeout: 300_000 });
    });
  },
);

describe.skipIf(JARS === null)('Segment for Java', () => {
  let collector: StartedCollector;
  let exchanges: Exchange[];
  let program: string;
  beforeAll(async () => {
    program = await mkdtemp(join(tmpdir(), 'tributary-java-'));
    const into = ['-d', program, '-cp', `${JARS}/*`, join(HERE, 'Send.java')];
    await run('javac', [...SHORT.map((flag) => `-J${flag}`), ...into], { timeout: RUN_MS });
  });
  beforeEach(async () => {
    collector = await startCollector({ now: Date.now, keys: [SERVER] });
    exchanges = watch(collector);
  });
  afterAll(() => rm(program, { recursive: true, force: true }));
  afterEach(async () => {
    await collector.stop();
    expect(collector.defects).toEqual([]);
  });

  /** What the library gave up. */
  async function send(key = SERVER.key): Promise<string> {
    const args = [...SHORT, '-cp', `${program}:${JARS}/*`, 'Send', collector.url, key];
    const { stdout } = await run('java', args, { timeout: RUN_MS });
    return stdout;
  }
  const statuses = () => exchanges.map(({ status }) => status);

  test('calls arrive with id, user, time, properties and traits, and live ones are not history', async () => {
    expect(await send()).toBe('');
    expect(new Set(exchanges.map(({ path, status }) => `${path} ${status}`))).toEqual(new Set(['/v1/import/ 200']));
    const events = new Map((await collector.events()).map((event) => [event.type, event]));
    expect(events.get('Order Completed')).toMatchObject({
      id: 'm-track',
      userId: 'u',
      value: 1999,
      currency: 'EUR',
      source: 'segment:analytics-java',
    });
    expect(Math.abs((events.get('Order Completed')?.ts ?? 0) - (Date.now() - 3_600_000))).toBeLessThan(60_000);
    expect(events.get('identify')).toMatchObject({ id: 'm-identify', userId: 'u', properties: { plan: 'pro' } });
    for (const event of events.values()) expect(event).not.toHaveProperty('historical');
  });

  test('an unknown key is refused, the library says so at once, and nothing is written', async () => {
    expect(await send('unknown')).toMatch(/track: .*\n.*identify: /is);
    expect(new Set(statuses())).toEqual(new Set([401]));
    expect(await collector.events()).toEqual([]);
  });

  test('a collector that is full is asked again, and what it took counts once', async () => {
    const recover = overload(collector);
    const sent = send();
    await expect.poll(statuses, { timeout: RUN_MS }).not.toEqual([]);
    recover();
    expect(await sent).toBe('');
    expect(statuses()[0]).toBe(429);
    expect(counted(await collector.events())).toHaveLength(2);
  });
});
