/** Members of segments in the worker: the golden cases, and what befalls a partition. */
import { ERASE_TYPE, encodeErasure } from '@tributary/model/erasure';
import { DAY_MS, HOUR_MS } from '@tributary/model/time';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { expect, test } from 'vitest';
import { day, type Sent, startFollowing, withSegments } from './following.ts';

const PLANNER = { enter: "type == 'search'", ttl: '14d', exit: "type == 'booking'" };
const LAPSED = { enter: "type == 'purchase'", absence: { not: "type == 'purchase'", for: '30d' } };
const DEFINITIONS = withSegments({ planner: PLANNER, lapsed: LAPSED });

const start = (options: Partial<Parameters<typeof startFollowing>[0]> = {}) =>
  startFollowing({ definitions: DEFINITIONS, ...options });

test('laws 1 and 3: a heartbeat on a partition without events takes out who expired, at the very instant, once', async () => {
  const platform = start();
  await platform.send(['search', 0]);
  await platform.beat(14 - 1 / DAY_MS);
  expect(await platform.members('planner')).toMatchObject({ users: ['ann'], isWhole: true });
  expect(await platform.said()).toEqual(['planner entered 0 until 14']);
  platform.restart();
  await platform.beat(14);
  platform.restart();
  await platform.beat(15);
  expect((await platform.members('planner')).users).toEqual([]);
  expect(await platform.said()).toEqual(['planner entered 0 until 14', 'planner left 14']);
});

test('laws 1 and 3: an absence is entered by time alone, and left by the event that ends it', async () => {
  const platform = start();
  await platform.send(['purchase', 0]);
  await platform.beat(29);
  expect((await platform.members('lapsed')).users).toEqual([]);
  platform.restart();
  await platform.beat(31);
  expect((await platform.members('lapsed')).users).toEqual(['ann']);
  await platform.send(['purchase', 40]);
  expect((await platform.members('lapsed')).users).toEqual([]);
  expect(await platform.said()).toEqual(['lapsed entered 30 until 90', 'lapsed left 40']);
});

test('law 2: the golden cases of the segment "planner" say what happened', async () => {
  const cases: readonly (readonly [sent: readonly Sent[], said: readonly string[]])[] = [
    [
      [
        ['search', 0],
        ['search', 10],
        ['x', 30],
      ],
      ['entered 0 until 14', 'left 24'],
    ],
    [
      [
        ['search', 0],
        ['search', 14],
        ['x', 20],
      ],
      ['entered 0 until 14', 'left 14', 'entered 14 until 28'],
    ],
    [
      [
        ['search', 0],
        ['booking', 5],
        ['x', 20],
      ],
      ['entered 0 until 14', 'left 5'],
    ],
    [
      [
        ['search', 0],
        ['booking', 5],
        ['search', 5],
        ['x', 20],
      ],
      ['entered 0 until 14', 'left 5', 'entered 5 until 19', 'left 19'],
    ],
    [
      [
        ['search', 0],
        ['search', 20],
        ['search', 10, 'ann', 21],
        ['x', 40],
      ],
      ['entered 0 until 14', 'left 14', 'entered 20 until 34', 'revised left 14,entered 20', 'left 34'],
    ],
    [
      [
        ['booking', 5],
        ['x', 20],
      ],
      [],
    ],
    // The device's clock is ahead: it is in when the time comes.
    [
      [
        ['search', 0.5, 'ann', 0],
        ['x', 0.4],
        ['x', 0.6],
      ],
      ['entered 0.5 until 14.5'],
    ],
    // An exit that comes late moves the end.
    [
      [
        ['search', 0],
        ['x', 20],
        ['booking', 5, 'ann', 21],
      ],
      ['entered 0 until 14', 'left 14', 'revised left 14', 'left 5'],
    ],
  ];
  for (const [sent, said] of cases) {
    const platform = start();
    await platform.send(...sent);
    expect(await platform.said()).toEqual(said.map((line) => `planner ${line}`));
  }
});

test('law 1: more users than one commit looks at are looked at by the next ones, and events of others meanwhile change nothing', async () => {
  const platform = start();
  const users = Array.from({ length: 1_500 }, (_, i) => `user ${String(i).padStart(4, '0')}`);
  await platform.send(...users.map((user) => ['search', 0, user] as const));
  await platform.log.append(0, { kind: 'heartbeat', body: JSON.stringify({ receivedAt: day(20) }) });
  await platform.once();
  expect((await platform.members('planner')).users).toHaveLength(100);
  // One of those who are still listed: what they do now begins a new episode.
  const late = 'user 1499';
  await platform.send(['search', 20, late]);
  expect((await platform.members('planner')).users).toEqual([late]);
  expect(await platform.said(late)).toEqual(['planner entered 0 until 14', 'planner left 14', 'planner entered 20 until 34']);
  expect(await platform.said('user 0700')).toEqual(['planner entered 0 until 14', 'planner left 14']);
});

test('law 7: one entry is enough for all who are due by then, in commits of as many as one looks at', async () => {
  const platform = start({ limits: { passedUsers: 40 } });
  const users = Array.from({ length: 300 }, (_, i) => `user ${i}`);
  await platform.send(...users.map((user) => ['search', 0, user] as const));
  platform.committed.length = 0;
  await platform.beat(20);
  expect(await platform.members('planner')).toMatchObject({ users: [], isWhole: true });
  expect(platform.committed).toEqual([40, 40, 40, 40, 40, 40, 40, 20]);
  // So it is behind a worker that dies in between.
  await platform.send(...users.map((user) => ['search', 21, user] as const));
  await platform.log.append(0, { kind: 'heartbeat', body: JSON.stringify({ receivedAt: day(40) }) });
  await platform.once();
  platform.restart({ passedUsers: 90 });
  await platform.beat(40);
  expect((await platform.members('planner')).users).toEqual([]);
  const left = await Promise.all(users.map((user) => platform.said(user)));
  expect(new Set(left.map((lines) => lines.join()))).toEqual(
    new Set(['planner entered 0 until 14,planner left 14,planner entered 21 until 35,planner left 35']),
  );
});

test('law 7: a segment that is new is known once every user was looked at; what lies before it is not said', async () => {
  const without = withSegments({ lapsed: LAPSED });
  const platform = start({ definitions: without, limits: { passedUsers: 2 } });
  await platform.send(['search', 0, 'ann'], ['search', 1, 'bo'], ['search', 2, 'cy'], ['search', 3, 'di'], ['booking', 3, 'cy']);
  await platform.log.append(0, { kind: 'barrier', body: JSON.stringify({ generation: 1, definitions: DEFINITIONS.json }) });
  await platform.once();
  expect((await platform.members('planner', DEFINITIONS)).isWhole).toBe(false);
  await platform.send(['search', 4, 'ed'], ['search', 4, 'di']);
  await platform.beat(5);
  await platform.beat(5);
  expect(await platform.members('planner', DEFINITIONS)).toMatchObject({ users: ['ann', 'bo', 'di', 'ed'], isWhole: true });
  expect([...(await platform.said('ann')), ...(await platform.said('di'))]).toEqual([]);
  expect(await platform.said('ed')).toEqual(['planner entered 4 until 18']);
  await platform.beat(14);
  expect(await platform.said('ann')).toEqual(['planner left 14']);
  // Without segments nothing is followed any more, and with the same again from the beginning.
  for (const [i, definitions] of [definitionsOf(SMALL_DEFINITIONS), DEFINITIONS].entries())
    await platform.log.append(0, { kind: 'barrier', body: JSON.stringify({ generation: 2 + i, definitions: definitions.json }) });
  for (let beats = 0; beats < 5; beats++) await platform.beat(14);
  expect(await platform.members('planner', DEFINITIONS)).toMatchObject({ users: ['bo', 'di', 'ed'], isWhole: true });
});

test('law 7: what a worker leaves that does not follow members is looked at again', async () => {
  const platform = start();
  await platform.send(['search', 0], ['search', 0, 'bo']);
  await platform.commitAsOlder({});
  expect((await platform.members('planner')).isWhole).toBeUndefined();
  platform.restart();
  await platform.beat(1);
  expect(await platform.members('planner')).toMatchObject({ users: ['ann', 'bo'], isWhole: true });
  await platform.beat(14);
  expect(await platform.said('bo')).toEqual(['planner entered 0 until 14', 'planner left 14']);
});

test('law 9: lists of members that a worker left which does not follow them go, whatever definitions came meanwhile', async () => {
  const one = withSegments({ planner: PLANNER });
  const other = withSegments({ lapsed: LAPSED });
  for (const next of [other, definitionsOf(SMALL_DEFINITIONS)]) {
    const platform = start({ definitions: one });
    await platform.send(['search', 0], ['search', 0, 'bo']);
    await platform.commitAsOlder({ definitions: next.json, generation: 1, definitionsSince: 1 });
    platform.restart();
    await platform.beat(1);
    expect((await platform.members('planner', one)).users).toEqual([]);
    const speed = platform.store.speed();
    const { lists } = await speed.scanUsers(0, null);
    const { users } = await speed.dueUsers(0, Number.MAX_SAFE_INTEGER, 9);
    expect(lists).toEqual([]);
    // Who was looked at is known by being due, as long as there are segments.
    expect(users).toHaveLength(next === other ? 2 : 0);
    // And it costs the walk once.
    platform.committed.length = 0;
    await platform.beat(2);
    platform.restart();
    await platform.beat(3);
    expect(platform.committed).toHaveLength(2);
  }
});

test('law 7: a user whose record lost events is counted as not known until these do not matter', async () => {
  const platform = start({ limits: { maxRecordLength: 2_000, trimRecordLength: 1_000 } });
  await platform.send(...Array.from({ length: 60 }, (_, i) => ['search', i / 100] as const));
  expect(await platform.members('planner')).toMatchObject({ users: ['ann'], unsure: 1 });
  // From the record alone as well, for a segment that is new.
  const more = withSegments({ planner: PLANNER, lapsed: LAPSED, more: { enter: "type == 'x'" } });
  await platform.log.append(0, { kind: 'barrier', body: JSON.stringify({ generation: 1, definitions: more.json }) });
  await platform.drain();
  await platform.beat(89);
  expect(await platform.members('planner')).toMatchObject({ isWhole: true, unsure: 1 });
  platform.restart();
  await platform.beat(89);
  expect((await platform.members('planner')).unsure).toBe(1);
  await platform.beat(91);
  expect((await platform.members('planner')).unsure).toBe(0);
});

test('law 9: an erased user is not among those of whom it is not known whether they are members', async () => {
  const platform = start({ limits: { maxRecordLength: 2_000, trimRecordLength: 1_000 } });
  await platform.send(...Array.from({ length: 60 }, (_, i) => ['search', i / 100] as const));
  expect(await platform.members('planner')).toMatchObject({ users: ['ann'], unsure: 1 });
  const record = encodeErasure({ type: ERASE_TYPE, userKey: 'ann', id: 'request', atMs: day(1) });
  await platform.log.append(0, { kind: 'events', body: record });
  await platform.drain();
  expect(await platform.members('planner')).toMatchObject({ users: [], unsure: 0 });
});

test('laws 1 and 3: where log time falls back, what it had said of the time to come is taken back, and said again under another id', async () => {
  const platform = start({ limits: { passedUsers: 2 } });
  platform.setClock(1);
  await platform.send(['search', 0], ['search', 1, 'bo'], ['x', 1, 'cy']);
  platform.setClock(40);
  await platform.beat(40);
  expect(await platform.said()).toEqual(['planner entered 0 until 14', 'planner left 14']);
  platform.setClock(2);
  await platform.log.append(0, { kind: 'heartbeat', body: JSON.stringify({ receivedAt: day(2) }) });
  await platform.once();
  platform.restart();
  await platform.beat(2);
  expect(await platform.members('planner')).toMatchObject({ users: ['ann', 'bo'], isWhole: true });
  expect(await platform.said()).toEqual(['planner entered 0 until 14', 'planner left 14', 'planner revised left 14']);
  platform.setClock(3);
  await platform.send(['booking', 3, 'bo']);
  platform.setClock(50);
  await platform.beat(50);
  expect((await platform.said()).slice(3)).toEqual(['planner left 14']);
  expect(await platform.said('bo')).toEqual([
    'planner entered 1 until 15',
    'planner left 15',
    'planner revised left 15',
    'planner left 3',
  ]);
  const { lines } = await platform.store.outbox().read(0, 100);
  const ids = lines.map((line) => JSON.parse(line).id);
  expect(new Set(ids).size).toBe(ids.length);
});

test('law 1: users that are not in memory are as those that are', async () => {
  const said: string[][] = [];
  for (const maxCachedEvents of [0, 100_000]) {
    const platform = start({ limits: { maxCachedEvents, maxEntries: 3 } });
    for (let i = 0; i < 60; i++) {
      const user = ['ann', 'bo', 'cy'][i % 3] as string;
      await platform.send([['search', 'x', 'booking', 'search'][i % 4] as string, (i * 7) % 50, user, i + HOUR_MS / DAY_MS]);
    }
    await platform.beat(80);
    said.push([...(await platform.said('ann')), ...(await platform.said('bo')), ...(await platform.said('cy'))]);
  }
  expect(said[0]).toEqual(said[1]);
  expect(said[0]?.length).toBeGreaterThan(20);
});
