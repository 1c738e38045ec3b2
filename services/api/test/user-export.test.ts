/** The export of a user: who may ask, what one costs, and that what breaks off never looks whole. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExportLine } from '@tributary/contract/groups/user-export';
import { TributaryError } from '@tributary/model/errors';
import { encodeEvent } from '@tributary/model/event';
import { encodeMessage, messageNumber } from '@tributary/model/identity/message-line';
import { partitionOf } from '@tributary/model/user-key';
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { joined } from '../../../test/laws/adoption-world.ts';
import { inChunks } from '../src/export/export.ts';
import type { ApiDeps } from '../src/ports.ts';
import { ADMIN, createWorld, event, NOON, PARTITIONS, READ, type WorldOptions } from './world.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tributary-export-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

async function world({ exports, ...options }: WorldOptions & { readonly exports?: Partial<ApiDeps['exports']> } = {}) {
  const made = await createWorld(options);
  Object.assign(made.deps.exports, { dataDir, ...exports });
  return made;
}
type World = Awaited<ReturnType<typeof world>>;

async function exported({ app }: World, user = 'ada', authorization = ADMIN) {
  const answer = await app.inject({ url: `/v1/users/${encodeURIComponent(user)}/export`, headers: { authorization } });
  const lines = answer.body.trimEnd().split('\n');
  return { answer, lines: answer.statusCode === 200 ? lines.map((line) => ExportLine.parse(JSON.parse(line))) : [] };
}

test('only an admin key may export a user', async () => {
  const some = await world();
  expect((await exported(some, 'ada', READ)).answer.statusCode).toBe(403);
  expect((await exported(some, 'ada', 'Bearer tw_writer_x')).answer.statusCode).toBe(403);
  expect((await some.app.inject('/v1/users/ada/export')).statusCode).toBe(401);
  expect((await exported(some)).answer.statusCode).toBe(200);
  // Who exported is in the log, whom is not.
  expect(some.actions).toHaveLength(1);
  expect(some.actions[0]).toContain('a user is exported');
  expect(some.actions[0]).not.toContain('ada');
});

test('the record of a user and their dead letters come whole, and those of others do not', async () => {
  const some = await world();
  const own = event({ type: 'visit', userId: 'ada', properties: { text: 'é "quoted"' } });
  await some.ingest(own);
  await some.ingest(event({ type: 'visit', userId: 'eve', properties: { by: 'ada' } }));
  const raws = ['{"ts":1,"userId":"ada"}', '{"ts":1,"userId":"eve","by":"ada","secret":1}', '{"broken":"ada', '{"userId":"eve"}'];
  for (const [i, raw] of raws.entries()) await some.commit(1, { parked: [{ at: `${i}.0`, code: 'c', message: 'm', raw }] }, {});
  const { lines, answer } = await exported(some);
  expect(lines.filter(({ place }) => place === 'record').map((line) => line['event'])).toEqual([own]);
  const letters = lines.filter(({ place }) => place === 'deadLetters');
  expect(letters.map(({ raw, withheld }) => [raw, withheld !== undefined])).toEqual([
    [undefined, true],
    [undefined, true],
    [raws[0], false],
  ]);
  expect(answer.body).not.toContain('secret');
  expect(lines[0]?.export?.userId).toBe('ada');
  expect(lines.at(-1)?.end).toEqual({ complete: true, lines: { record: 1, deadLetters: 3 }, holes: [] });
});

test('keys that look like paths, patterns or markup are keys', async () => {
  const some = await world();
  await some.ingest(event({ type: 'visit', userId: 'eve' }));
  for (const user of ['../../keys.json', '..%2f..%2fkeys', '*', '%', "' OR 1=1 --", '<script>', '\u202e', 'a'.repeat(256)]) {
    const { lines, answer } = await exported(some, user);
    expect(answer.statusCode, user).toBe(200);
    expect(lines[0]?.export?.userId).toBe(user);
    expect(lines.at(-1)?.end).toEqual({ complete: true, lines: {}, holes: [] });
  }
  for (const user of ['', '\n', 'a'.repeat(257)])
    expect([400, 404], JSON.stringify(user)).toContain((await exported(some, user)).answer.statusCode);
});

test('law 7: a place that cannot be read is a hole with its reason, and the others are read', async () => {
  const log = {
    identity: 'log',
    read: async () => {
      throw new TributaryError('log_unavailable', 'the log is away');
    },
    ends: async () => ['1', null, null, null],
    starts: async () => [null, null, null, null],
  };
  const some = await world({ exports: { log } });
  await some.ingest(event({ type: 'visit', userId: 'ada' }));
  await mkdir(join(dataDir, 'quarantine'));
  await writeFile(join(dataDir, 'quarantine', 'p03.parquet'), 'x');
  await mkdir(join(dataDir, 'archive/events/date=2026-11-20'), { recursive: true });
  await writeFile(join(dataDir, 'archive/events/date=2026-11-20/p00-000000-x.parquet'), 'no Parquet');
  const { lines } = await exported(some);
  const { complete, holes, lines: counts } = lines.at(-1)?.end ?? { holes: [] };
  expect(complete).toBe(false);
  expect(counts).toEqual({ record: 1 });
  expect(holes.map(({ place }) => place)).toEqual(['log', 'archive', 'quarantine']);
  expect(holes[0]?.why).toContain('the log is away');
  // What broke inside is for the operator.
  expect(holes[1]?.why).toBe('the request failed inside the API; its log has the cause under this request id');
  expect(some.warnings).toContain('the export of a user: archive was not read whole');
});

test('law 7: an export that passes its bound of bytes or of time ends with a hole, never as if it were whole', async () => {
  const large = await world({ limits: { exportBytes: 400 } });
  for (let i = 0; i < 20; i++) await large.ingest(event({ type: 'visit', userId: 'ada' }));
  const { lines } = await exported(large);
  expect(lines.at(-1)?.end?.complete).toBe(false);
  expect(lines.at(-1)?.end?.holes[0]).toEqual({
    place: 'record',
    why: 'it was not read to its end: an export has at most 400 bytes',
  });
  expect(lines.length).toBeLessThan(5);

  const log = { identity: 'log', ends: async () => ['1', null, null, null], starts: async () => [null, null, null, null] };
  const read = (_: unknown, { signal }: { readonly signal?: AbortSignal }) =>
    new Promise<never>((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
  const slow = await world({ limits: { exportMs: 50 }, exports: { log: { ...log, read } } });
  const late = (await exported(slow)).lines.at(-1)?.end;
  expect(late?.complete).toBe(false);
  // On a busy machine the time is over before the log is reached.
  expect(late?.holes.find(({ place }) => place === 'log')?.why).toMatch(/the (time|bound) of the export was/);
});

test('law 7: a place whose first answer comes when the time is over is not asked for more', async () => {
  const asked: unknown[] = [];
  const log = {
    identity: 'log',
    ends: async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return ['1', null, null, null];
    },
    starts: async () => [null, null, null, null],
    read: async () => {
      asked.push('read');
      return [];
    },
  };
  const some = await world({ limits: { exportMs: 100 }, exports: { log } });
  const { lines } = await exported(some);
  expect(lines.at(-1)?.end?.complete).toBe(false);
  expect(asked).toEqual([]);
});

test('a key has one export at a time and all keys two; one whose client leaves makes room, and stops reading', async () => {
  const stopped: unknown[] = [];
  const log = { identity: 'log', ends: async () => ['1', null, null, null], starts: async () => [null, null, null, null] };
  const read = (_: unknown, { signal }: { readonly signal?: AbortSignal }) =>
    new Promise<never>((_resolve, reject) =>
      signal?.addEventListener('abort', () => {
        stopped.push(signal.reason);
        reject(signal.reason as Error);
      }),
    );
  const some = await world({ exports: { log: { ...log, read } } });
  const url = await some.app.listen({ host: '127.0.0.1', port: 0 });
  // An export that is not refused does not end by itself here, and the server closes when all have.
  const left = new AbortController();
  const ask = () => fetch(`${url}/v1/users/ada/export`, { headers: { authorization: ADMIN }, signal: left.signal });
  try {
    expect((await ask()).status).toBe(200);
    const second = await ask();
    expect(second.status).toBe(429);
    expect(await second.json()).toMatchObject({ code: 'overloaded', detail: expect.stringContaining('one at a time') });
    expect(second.headers.get('retry-after')).not.toBeNull();
    left.abort();
    await expect.poll(() => stopped.length).toBe(1);
    await expect
      .poll(async () => {
        const again = new AbortController();
        const { status } = await fetch(`${url}/v1/users/ada/export`, {
          headers: { authorization: ADMIN },
          signal: again.signal,
        });
        again.abort();
        return status;
      })
      .toBe(200);
  } finally {
    left.abort();
    await some.app.close();
  }
});

test('while nothing is found a line says so, and what was found does not wait for what comes next', async () => {
  let go: () => void = () => {};
  const lines = (async function* () {
    yield 'first\n';
    await new Promise<void>((resolve) => {
      go = resolve;
    });
    yield 'second\n';
  })();
  const chunks = inChunks(lines, 20);
  expect((await chunks.next()).value).toBe('first\n');
  expect((await chunks.next()).value).toBe('{"reading":true}\n');
  go();
  let next = (await chunks.next()).value;
  while (next === '{"reading":true}\n') next = (await chunks.next()).value;
  expect(next).toBe('second\n');
  expect((await chunks.next()).done).toBe(true);
});

test('law 9: where keys are joined, an export has the record of its own key, as it lies in the store, and of no other', async () => {
  const some = await world({ definitions: joined(definitionsOf({})) });
  const { userId: _, ...click } = event({ type: 'ad_click', id: 'c', anonymousId: 'cookie' });
  const order = event({ type: 'purchase', id: 'o', userId: 'ada', value: 5, currency: 'EUR' });
  const link = { id: 'ada\nat x', to: 'ada', ts: click.ts, version: '1', receivedAt: click.receivedAt };
  const numbered = { from: 0, number: messageNumber('1.0000000', 0), after: '' };
  const records = {
    cookie: [encodeEvent(click), encodeMessage({ kind: 'link', to: 'cookie', link }, numbered)],
    ada: [encodeEvent(order)],
  };
  for (const [userKey, lines] of Object.entries(records))
    await some.commit(
      partitionOf(userKey, PARTITIONS),
      { appends: new Map([[userKey, lines.map((line) => `${line}\n`).join('')]]) },
      { logTimeMs: NOON },
    );
  await some.tick();
  expect((await some.get('/v1/users/cookie/keys')).body.owner).toBe('ada');
  for (const [userKey, lines] of Object.entries(records)) {
    const own = (await exported(some, userKey)).lines.filter(({ place }) => place === 'record');
    expect(own.map((line) => line['event'])).toEqual(lines.map((line) => JSON.parse(line)));
  }
});
