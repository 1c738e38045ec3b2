/** The way of a batch to the collector: bounded, retried, counted once. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBatcher } from '@tributary/importing/sending/batches';
import { MAX_ATTEMPTS, retryWaitMs } from '@tributary/importing/sending/retry';
import { freePort } from '@tributary/testkit/servers/free-port';
import { describe, expect, test } from 'vitest';
import { fakeCollector, fakeServer, NOTHING, problem } from './fake-server.ts';
import { tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

/** An address without a listener. A low port will not do: fetch refuses those without trying. */
const NO_SERVER = `http://127.0.0.1:${await freePort()}`;

const ROWS = 23_000;
const file = join(temporaryFolder('send'), 'rows.csv');
writeFileSync(
  file,
  `who,at,page\n${Array.from({ length: ROWS }, (_, i) => `user-${i % 500},${1_761_000_000 + i},/page/${'x'.repeat(i % 300)}`).join('\n')}\n`,
);
const importInto = (url: string, changes = {}) =>
  tributary(
    ['import', 'csv', file, '--map', 'user=who,time=at,page=page', '--type', 'page', '--json', '--collector-url', url],
    changes,
  );

describe('sending', () => {
  test('batches stay within 2 500 events and 4 MB, gzipped, at most four at a time', async () => {
    const collector = fakeCollector();
    const fourth = Promise.withResolvers<void>();
    await using server = await fakeServer(async (request, number) => {
      if (number === 4) fourth.resolve();
      await fourth.promise;
      return collector.take(request);
    });
    expect((await importInto(server.url)).code).toBe(0);
    expect(server.received.map(({ body }) => (body as { batch: unknown[] }).batch.length).sort((a, b) => b - a)).toEqual([
      ...Array(9).fill(2_500),
      500,
    ]);
    for (const { bytes, headers, path } of server.received) {
      expect(bytes).toBeLessThanOrEqual(4_000_000);
      expect(path).toBe('/v1/events');
      expect(headers['content-encoding']).toBe('gzip');
      expect(Buffer.from(String(headers.authorization).slice('Basic '.length), 'base64').toString()).toBe('tw_key:');
    }
    expect(server.mostOpen).toBe(4);
    expect(collector.kept.size).toBe(ROWS);
  });

  test('law 3: refusals, hang-ups and answers lost after the batch was kept leave every event counted once', async () => {
    const collector = fakeCollector();
    const attempts = new Map<string, number>();
    await using server = await fakeServer((request) => {
      const batch = JSON.stringify(request.body);
      const attempt = (attempts.get(batch) ?? 0) + 1;
      attempts.set(batch, attempt);
      if (attempt === 1) return { ...problem(429, 'overloaded', 'busy'), headers: { 'retry-after': '7' } };
      if (attempt === 2) return { hangUp: true };
      if (attempt === 3) return problem(503, 'log_unavailable', 'down');
      const kept = collector.take(request);
      return attempt === 4 ? { hangUp: true } : kept;
    });
    const done = await importInto(server.url);
    expect(done.code).toBe(0);
    expect(collector.kept.size).toBe(ROWS);
    expect(JSON.parse(done.stdout).sent).toMatchObject({ accepted: ROWS, rejected: 0 });
    expect(done.sleeps).toContain(7_000);
    expect(JSON.parse(done.stdout).sent.retries).toBe(4 * attempts.size);
    expect(done.sleeps.length).toBe(4 * attempts.size);
  });

  test('a collector that is not there: a bounded number of attempts, exit 3, and the address', async () => {
    const done = await importInto(NO_SERVER);
    expect(done).toMatchObject({ code: 3, stdout: '' });
    expect(done.stderr).toContain(`${NO_SERVER}/v1/events does not answer: connect ECONNREFUSED`);
    expect(done.sleeps.length).toBeLessThanOrEqual(4 * (MAX_ATTEMPTS - 1));
  });

  test.each([
    [
      problem(401, 'invalid_write_key', 'the write key must be known (got one that is not)'),
      1,
      'the write key must be known (got one that is not)',
    ],
    [problem(413, 'body_too_large', 'too many'), 1, 'too many'],
    [{ body: '<html>hello</html>' }, 3, 'is not a collector of Tributary: it answered 200'],
    [{ status: 501, body: '<html>hello</html>' }, 3, 'is not a collector of Tributary: it answered 501'],
    [problem(429, 'overloaded', 'still busy'), 3, 'still busy'],
  ])('an answer that stays wrong stops the import: %j', async (reply, code, message) => {
    await using server = await fakeServer(() => reply);
    const done = await importInto(server.url);
    expect(done).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(message) });
    // It stops early instead of pressing the whole file through.
    expect(server.received.length).toBeLessThanOrEqual(4 * MAX_ATTEMPTS);
  });

  test('https:// to a collector without TLS is named at once, without a second attempt', async () => {
    await using server = await fakeServer(() => NOTHING);
    const done = await importInto(server.url.replace('http:', 'https:'));
    expect(done).toMatchObject({ code: 3, stdout: '', sleeps: [] });
    expect(JSON.parse(done.stderr).error).toMatchObject({
      message: expect.stringMatching(/: it answers without TLS$/),
      fix: expect.stringContaining('Write http://'),
    });
  });

  test('rejected events are counted, shown, and exit 1', async () => {
    await using server = await fakeServer(({ body }) => ({
      body: {
        success: true,
        accepted: (body as { batch: unknown[] }).batch.length - 3,
        rejected: [{ index: 0, messageId: 'm', code: 'invalid_field', message: 'page is odd' }],
        rejectedMore: 2,
      },
    }));
    const done = await importInto(server.url);
    expect(done.code).toBe(1);
    expect(JSON.parse(done.stdout).sent).toMatchObject({ accepted: ROWS - 30, rejected: 30 });
    expect(done.stderr.match(/page is odd/g)).toHaveLength(5);
  });
});

test('a batch never passes either bound, whatever the sizes of its events', () => {
  const batcher = createBatcher({ events: 3, bytes: 100 });
  const sizes = [10, 90, 5, 5, 5, 5, 60, 60, 1];
  const batches = [...sizes.map((size) => batcher.add({ t: 'ü'.repeat(size / 2) })), batcher.end()].filter(
    (batch) => batch !== null,
  );
  expect(batches.flatMap(({ body }) => (JSON.parse(body) as { batch: unknown[] }).batch)).toHaveLength(sizes.length);
  for (const { events, body } of batches) {
    expect(events).toBeLessThanOrEqual(3);
    expect(Buffer.byteLength(body) - '{"batch":[]}'.length).toBeLessThanOrEqual(100);
  }
  expect(batcher.end()).toBeNull();
});

test('waits double up to a bound; Retry-After wins, up to five minutes', () => {
  expect([1, 2, 3, 20].map((attempt) => retryWaitMs(attempt, null))).toEqual([250, 500, 1_000, 20_000]);
  expect([retryWaitMs(1, '3'), retryWaitMs(1, '9999'), retryWaitMs(1, 'Fri, 01 Jan'), retryWaitMs(5, '0')]).toEqual([
    3_000, 300_000, 250, 0,
  ]);
});
