/** Law 5: live answers are held against the archive, and definitions are looked at on history before they come into force. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storedDefinitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { DAY_MS, HOUR_MS } from '@tributary/model/time';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { readDefinitions, signalsOf } from '@tributary/signals/definitions/file';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWorld, type World } from '../../jobs/recompute/test/world.ts';
import { fakeServer } from '../../packages/cli/test/fake-server.ts';
import { tributary } from '../../packages/cli/test/fake-shell.ts';

const FROM = Date.UTC(2026, 8, 1);
const DEFINITIONS = readDefinitions(
  JSON.stringify({ signals: { views: { count: 'view', window: '2d' }, all: { count: '*' } } }),
  sha256Hex,
);
const view = (id: string, userId: string, hours: number): Event => ({
  ts: FROM + hours * HOUR_MS,
  type: 'view',
  id,
  receivedAt: FROM + hours * HOUR_MS,
  source: 'native',
  userId,
});

let world: World;
let cwd: string;
beforeEach(async () => {
  world = await createWorld(DEFINITIONS);
  world.advance(FROM + 2 * DAY_MS);
  await world.ingest([view('a', 'ann', 1), view('b', 'ann', 2), view('c', 'bob', 3)]);
  await world.run();
  cwd = await mkdtemp(join(tmpdir(), 'tributary-beside-'));
});
afterEach(async () => {
  await world.close();
  await rm(cwd, { recursive: true });
});

/** Against an API that says this number of views of ann, and that each user has an event which was received this long after the cut. */
async function consistency(viewsOfAnn: number, receivedAfterMs: number, ...more: string[]) {
  const { createdAt } = await world.manifest(1);
  const version = signalsOf(DEFINITIONS, sha256Hex).get('views')?.version;
  await using server = await fakeServer(({ path, body }) => {
    if (path.startsWith('/v1/users/')) return { body: { signals: [{ receivedAt: createdAt + receivedAfterMs }] } };
    const { users, asOf } = body as { users: string[]; asOf: number };
    expect(asOf).toBe(createdAt);
    const values = (user: string) => ({
      views: { value: user === 'ann' ? viewsOfAnn : 1, status: 'READY', version },
      all: { value: null, status: 'INCOMPLETE', version: 'x' },
    });
    return { body: { results: users.map((userId) => ({ userId, values: values(userId) })) } };
  });
  const command = ['signals', 'consistency', '--json', '--data-dir', world.dataDir, '--url', server.url, ...more];
  return await tributary(command, { cwd });
}

test('law 5: a live value that the archive does not give is a mismatch, and the command ends with 1', async () => {
  const same = await consistency(2, -1);
  expect(same).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(same.stdout)).toMatchObject({
    users: 2,
    compared: 2,
    notAnswered: 2,
    inFlight: 0,
    mismatches: 0,
    bySignal: [
      { signal: 'all', compared: 0, mismatches: 0, smape: null },
      { signal: 'views', compared: 2, mismatches: 0, smape: 0 },
    ],
    examples: [],
  });
  const other = await consistency(3, -1);
  expect(other.code).toBe(1);
  expect(JSON.parse(other.stdout)).toMatchObject({
    compared: 2,
    mismatches: 1,
    // |3 − 2| of 2.5, and a user of whom both say the same.
    bySignal: [{ signal: 'all' }, { signal: 'views', compared: 2, mismatches: 1, smape: 0.2 }],
    examples: [{ user: 'ann', signal: 'views', live: 3, archive: 2 }],
  });
  // What came after the cut is in the record, and not yet in the archive.
  expect(JSON.parse((await consistency(3, 5)).stdout)).toMatchObject({
    inFlight: 1,
    mismatches: 0,
    bySignal: [{ signal: 'all' }, { signal: 'views', compared: 1, mismatches: 0, smape: 0 }],
  });
});

test('law 5: where every value that was compared is in flight, nothing says that all is well', async () => {
  const none = await consistency(3, 5, '--users', 'ann');
  expect(none.code).toBe(1);
  expect(JSON.parse(none.stdout)).toMatchObject({ compared: 1, inFlight: 1, mismatches: 0 });
  expect((await consistency(2, 5, '--users', 'ann')).code).toBe(0);
});

test('law 5: more users than are compared at once are refused', async () => {
  const keys = Array.from({ length: 10_001 }, (_, i) => `u${i}`);
  const refused = await consistency(2, -1, '--users', keys.join(','));
  expect([refused.code, refused.stdout]).toEqual([2, '']);
  expect(refused.stderr).toContain('--users must name at most 10,000 users (got 10,001). ');
});

test('law 5: a comparison of nothing does not say that all is well', async () => {
  await using server = await fakeServer(() => ({ body: { results: [{ userId: 'ann', values: {} }] } }));
  const command = ['signals', 'consistency', '--users', 'ann', '--data-dir', world.dataDir, '--url', server.url];
  const none = await tributary(command, { cwd });
  expect([none.code, none.stdout]).toEqual([1, expect.stringContaining('nothing was compared')]);
});

test('a preview says of each definition whose values would differ, and changes nothing', async () => {
  await writeFile(
    join(cwd, 'new.yaml'),
    'signals:\n  views: {count: view, window: 46h}\n  all: {count: "*"}\n  last: {last: view.id}\n',
  );
  const run = (...more: string[]) =>
    tributary(['definitions', 'preview', 'new.yaml', '--data-dir', world.dataDir, ...more], { cwd });
  const { definitions, users } = JSON.parse((await run('--json')).stdout) as {
    users: string[];
    definitions: { name: string; change: string; values: { user: string; value: unknown; valueInForce: unknown }[] }[];
  };
  expect(users.toSorted()).toEqual(['ann', 'bob']);
  const said = definitions.map(({ name, change, values }) => [
    name,
    change,
    values.toSorted((a, b) => (a.user < b.user ? -1 : 1)).map(({ value, valueInForce }) => [value, valueInForce]),
  ]);
  // The cut is a little after 48 h: 46 h before it, the view of 1 h is out, and that of 2 h may be.
  expect(said).toEqual([
    [
      'views',
      'changed',
      [
        [0, 2],
        [1, 1],
      ].map(([a, b], i) => [i === 0 ? expect.toSatisfy((value: number) => value < 2) : a, b]),
    ],
    [
      'all',
      'same',
      [
        [2, 2],
        [1, 1],
      ],
    ],
    [
      'last',
      'new',
      [
        ['b', null],
        ['c', null],
      ],
    ],
  ]);
  const shown = await run('--users', 'ann,zoe');
  expect(shown).toMatchObject({ code: 0, stdout: expect.stringMatching(/views +changed +1 of 2 +ann +2 +[01]/) });
  expect(await run('--sample', '0')).toMatchObject({ code: 2 });
  expect(await world.generations()).toEqual([1]);
});

const JOINED = readDefinitions(
  JSON.stringify({
    signals: { views: { count: 'view', window: '2d' }, week: { count: 'view', window: '7d' } },
    signalRetention: { days: 90 },
    identity: { days: 9 },
  }),
  sha256Hex,
);

interface Joined {
  readonly keys: (user: string, cutMs: number) => unknown;
  readonly signals?: unknown;
  readonly nextCursor?: string | null;
}

/** Against an API that says 7 of each signal, but 1 of ann and eve, as the archive does of all. */
async function joinedConsistency({ keys, signals = [], nextCursor = null }: Joined, ...more: string[]) {
  const { createdAt } = await world.manifest(1);
  const versions = [...signalsOf(JOINED, sha256Hex)].map(([name, { version }]) => [name, version] as const);
  await using server = await fakeServer(({ path, body }) => {
    const [, user = ''] = /^\/v1\/users\/(\w+)\//.exec(path) ?? [];
    if (path.endsWith('/keys')) return { body: keys(user, createdAt) };
    if (user !== '') return { body: { signals, nextCursor } };
    const { users } = body as { users: string[] };
    const value = (of: string) => (of === 'ann' || of === 'eve' ? 1 : 7);
    const values = (of: string) =>
      Object.fromEntries(versions.map(([name, version]) => [name, { value: value(of), status: 'READY', version }]));
    return { body: { results: users.map((userId) => ({ userId, values: values(userId) })) } };
  });
  const asked = ['signals', 'consistency', '--json', '--data-dir', world.dataDir, '--url', server.url, ...more];
  const { code, stdout, stderr } = await tributary(asked, { cwd });
  expect(stderr).toBe('');
  return { code, ...(JSON.parse(stdout) as object) };
}

async function joinedWorld(): Promise<void> {
  await world.close();
  world = await createWorld(JOINED);
  world.advance(FROM + 2 * DAY_MS);
  await world.ingest([view('a', 'ann', 1), view('b', 'bob', 2), view('c', 'cy', 3), view('d', 'dan', 4), view('e', 'eve', 5)]);
  await world.run({}, { parseDefinitions: (json) => storedDefinitions(json, sha256Hex) });
}

test('law 5: a key that its owner answers for is not compared, and who was linked since the cut differs by that', async () => {
  await joinedWorld();
  const keys = (user: string, cutMs: number) => {
    // By chance the owner has the same value as the archive has of eve.
    if (user === 'bob' || user === 'eve') return { owner: 'ann', keys: [] };
    return { owner: user, keys: user === 'cy' ? [{ userId: 'x', since: cutMs, events: 1 }] : [] };
  };
  const signals = [{ ts: FROM + HOUR_MS, anonymousId: 'x', receivedAt: FROM }];
  expect(await joinedConsistency({ keys, signals })).toMatchObject({
    ...{ code: 1, users: 5, compared: 6, notAnswered: 4, inFlight: 2, mismatches: 2 },
    bySignal: [
      { signal: 'views', compared: 2, mismatches: 1 },
      { signal: 'week', compared: 2, mismatches: 1 },
    ],
    examples: [{ user: 'dan' }, { user: 'dan' }],
  });
});

const sent = (userId: string, hours: number) => ({ ts: FROM + hours * HOUR_MS, userId, receivedAt: FROM });

test('law 5: a new link excuses what differs of signals that reach back to what it lent', async () => {
  await joinedWorld();
  const keys = (user: string, cutMs: number) => ({
    owner: user,
    keys: [
      { userId: 'x', since: cutMs - HOUR_MS + 1, events: 2 },
      { userId: 'y', since: cutMs - HOUR_MS, events: 1 },
      { userId: 'z', since: null, events: 1 },
    ],
  });
  const mismatchesOf = async (signals: readonly unknown[], nextCursor: string | null = null) => {
    const found = await joinedConsistency({ keys, signals, nextCursor }, '--users', 'cy');
    const { inFlight, examples } = found as unknown as { inFlight: number; examples: { signal: string }[] };
    expect(found).toMatchObject({ code: 1, compared: 2, mismatches: 2 - inFlight });
    return examples.map(({ signal }) => signal);
  };
  // Within reach of both, of one, and of none.
  expect(await mismatchesOf([sent('cy', 3), sent('x', 1), sent('x', -90)])).toEqual([]);
  expect(await mismatchesOf([sent('cy', 3), sent('x', -72)])).toEqual(['views']);
  expect(await mismatchesOf([sent('cy', 3), sent('x', -24 * 6)])).toEqual(['views', 'week']);
  expect(await mismatchesOf([sent('cy', 3)])).toEqual(['views', 'week']);
  // A key that lent it to the new one, and one that was linked long before.
  expect(await mismatchesOf([sent('cy', 3), sent('z', -72)])).toEqual(['views']);
  expect(await mismatchesOf([sent('cy', 3), sent('y', 2)])).toEqual(['views', 'week']);
  // Perhaps among those that the page has no room for.
  expect(await mismatchesOf([sent('cy', 3), sent('cy', -72)], 'more')).toEqual(['views']);
});
