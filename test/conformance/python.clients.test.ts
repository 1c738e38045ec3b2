/** The unmodified Segment and PostHog for Python against the real collector. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type StartedCollector, startCollector, WRITE_KEY } from '../../services/collector/test/start-collector.ts';
import { fetchedOnce, fetchedOrReported } from './fetched.ts';
import { counted, type Exchange, overload, watch } from './seen.ts';

const run = promisify(execFile);
const HERE = join(import.meta.dirname, 'python');
const PINS = join(HERE, 'requirements.txt');
/** Wheels for any machine, by their hashes. */
const ANY = ['--platform', 'any', '--implementation', 'py', '--python-version', '3.11', '--abi', 'none', '--only-binary=:all:'];
const LIBRARIES = await fetchedOrReported(
  'libraries for Python (test/conformance/python.clients.test.ts)',
  'On Debian: apt-get install python3-pip.',
  () =>
    fetchedOnce('python', PINS, (folder) =>
      run(
        'python3',
        ['-m', 'pip', 'install', '--quiet', '--no-deps', '--require-hashes', ...ANY, '--target', folder, '-r', PINS],
        {
          timeout: 300_000,
        },
      ),
    ),
);

describe.skipIf(LIBRARIES === null)('libraries for Python', () => {
  let collector: StartedCollector;
  let exchanges: Exchange[];
  beforeEach(async () => {
    collector = await startCollector({ now: Date.now });
    exchanges = watch(collector);
  });
  afterEach(async () => {
    await collector.stop();
    expect(collector.defects).toEqual([]);
  });

  /** What the library reported while it sent. */
  async function send(library: 'segment' | 'posthog', form: 'zipped' | 'plain', key = WRITE_KEY): Promise<string> {
    const env = { ...process.env, PYTHONPATH: LIBRARIES ?? '', PYTHONDONTWRITEBYTECODE: '1' };
    const { stdout } = await run('python3', [join(HERE, 'send.py'), library, collector.url, key, form], { env, timeout: 60_000 });
    return stdout;
  }
  const byType = async () => new Map(counted(await collector.events()).map((event) => [event.type, event]));
  const statuses = () => exchanges.map(({ status }) => status);

  test.each(['zipped', 'plain'] as const)(
    'Segment: calls arrive with id, user, time, properties and traits, %s',
    async (form) => {
      expect(await send('segment', form)).toBe('');
      expect(new Set(statuses())).toEqual(new Set([200]));
      expect(exchanges[0]?.headers['content-encoding']).toBe(form === 'zipped' ? 'gzip' : undefined);
      const events = await byType();
      expect(events.get('Order Completed')).toMatchObject({
        id: 'm-track',
        userId: 'u',
        value: 1999,
        source: 'segment:analytics-python',
      });
      expect(Math.abs((events.get('Order Completed')?.ts ?? 0) - (Date.now() - 3_600_000))).toBeLessThan(60_000);
      expect(events.get('page')).toMatchObject({
        anonymousId: 'a',
        properties: { name: 'Python', category: 'Docs', path: '/docs' },
      });
      expect(events.get('identify')).toMatchObject({ userId: 'u', properties: { plan: 'pro' } });
    },
  );

  test.each(['zipped', 'plain'] as const)(
    'PostHog: calls arrive with id, user, time, properties and traits, %s',
    async (form) => {
      expect(await send('posthog', form)).toBe('');
      expect(new Set(statuses())).toEqual(new Set([200]));
      const events = await byType();
      expect(events.get('played')).toMatchObject({
        id: '0190f5a0-0000-7000-8000-000000000000',
        userId: 'u',
        source: 'segment:posthog-python',
        properties: { seconds: 3 },
      });
      expect(Math.abs((events.get('played')?.ts ?? 0) - (Date.now() - 3_600_000))).toBeLessThan(60_000);
      expect(events.get('$set')).toMatchObject({ userId: 'u', properties: { $set: { plan: 'pro' } } });
    },
  );

  test.each(['segment', 'posthog'] as const)(
    '%s: a refusal is reported with its reason, and not asked again for minutes',
    async (library) => {
      const reported = await send(library, 'plain', 'unknown');
      expect(new Set(statuses())).toEqual(new Set([401]));
      expect(statuses()).toHaveLength(1);
      expect(reported).toContain('401');
      expect(await collector.events()).toEqual([]);
    },
  );

  test.each(['segment', 'posthog'] as const)(
    '%s: a collector that is full is asked again, and what it took counts once',
    async (library) => {
      const recover = overload(collector);
      const sent = send(library, 'plain');
      await expect.poll(statuses).not.toEqual([]);
      recover();
      expect(await sent).toBe('');
      expect(statuses().at(-1)).toBe(200);
      expect((await byType()).size).toBe(library === 'segment' ? 3 : 2);
    },
  );
});
