/** Which keys an erasure takes where keys of one person are joined: those of all that the log had when it was asked for, read or not. */
import { type Event, encodeEvent } from '@tributary/model/event';
import { encodeMessage, messageNumber } from '@tributary/model/identity/message-line';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { readDefinitions } from '@tributary/signals/definitions/file';
import { expect, test } from 'vitest';
import { joined } from '../../../test/laws/adoption-world.ts';
import { manifestOf } from './manifest-of.ts';
import { ADMIN, createWorld, event, NOON, PARTITIONS, type World } from './world.ts';

const DEFINITIONS = joined(readDefinitions('{}', sha256Hex));
const worldOf = (linksWaitMs: number, definitions = DEFINITIONS) => createWorld({ definitions, limits: { linksWaitMs } });
const homeOf = (userKey: string) => partitionOf(userKey, PARTITIONS);

async function append({ commit }: World, userKey: string, ...events: Event[]): Promise<void> {
  const lines = events.map((one) => `${encodeEvent(one)}\n`).join('');
  await commit(homeOf(userKey), { appends: new Map([[userKey, lines]]) }, { logTimeMs: NOON });
}

let made = 0;
const clicked = (anonymousId: string): Event => {
  const { userId: _, ...click } = event({ type: 'ad_click', id: `click-${++made}`, ts: NOON, anonymousId });
  return click;
};
const signedIn = (userId: string, anonymousId: string): Event =>
  event({ type: 'identify', id: `sign-in-${++made}`, ts: NOON, userId, anonymousId });
const bought = (userId: string): Event => event({ type: 'purchase', id: `order-${++made}`, ts: NOON, userId });
const merged = (userId: string, previousId: string): Event =>
  event({ type: 'alias', id: `merge-${++made}`, ts: NOON, userId, properties: { previousId } });

/** The keys whose erasure the log has, in order. */
const erased = ({ appended }: World) =>
  appended.flatMap(({ body }) => body.split('\n').map((line) => userKeyOf(JSON.parse(line) as Event)));

/** The log of a partition has one entry more than real time has read. */
function leaveUnread(world: World, userKey: string): void {
  const position = String(world.sequence() + 1).padStart(8, '0');
  world.unread.push({ partition: homeOf(userKey), position, appendedMs: NOON });
}

test('law 9: an erasure waits until real time has read a sign-in that the log has, and takes its key', async () => {
  const world = await worldOf(60_000);
  await append(world, 'ada', bought('ada'));
  await append(world, 'cookie', clicked('cookie'));
  await world.tick();
  leaveUnread(world, 'ada');
  const asked = world.drop('/v1/users/ada');
  // What it was looked at before, so that it is known to wait.
  const { relayed } = world.deps.store;
  await new Promise<void>((resolve) => {
    const looked = () => {
      resolve();
      return relayed();
    };
    Object.assign(world.deps.store, { relayed: looked });
  });
  expect(world.appended).toEqual([]);
  await append(world, 'ada', signedIn('ada', 'cookie'));
  expect((await asked).status).toBe(202);
  expect(erased(world)).toEqual(['cookie', 'ada']);
});

test('law 9: a key that no event was ever sent with goes with the person who named it, and none of which a generation has events', async () => {
  const world = await worldOf(60_000);
  const named = ['phone', 'dormant', 'tablet', 'imported'];
  await append(world, 'ada', bought('ada'), ...named.map((key) => signedIn('ada', key)));
  for (const key of named) {
    const link = { id: `ada\nat ${key}`, to: 'ada', ts: NOON, version: '1', receivedAt: NOON };
    const numbered = { from: homeOf('ada'), number: messageNumber('1.0000000', 0), after: '' };
    await append(world, key, JSON.parse(encodeMessage({ kind: 'link', to: key, link }, numbered)) as Event);
  }
  await append(world, 'tablet', bought('tablet'));
  // It was older than records reach when it came.
  (world.log as Event[]).push({ ...bought('dormant'), ts: NOON - 900 * 86_400_000 });
  await world.tick();
  const keysErased = async () => {
    await world.drop('/v1/users/ada');
    return erased(world).splice(0);
  };
  // Without a generation it is not known which of both it is.
  expect(await keysErased()).toEqual(['ada']);
  world.appended.length = 0;
  await world.cut(1);
  (world.log as Event[]).push({ ...bought('imported'), ts: NOON - 900 * 86_400_000 });
  await world.cut(2);
  // A rollback.
  for (const generation of [2, 1]) await world.publish(generation);
  await world.tick();
  expect(await keysErased()).toEqual(['phone', 'ada']);
});

test('law 9: where real time is too far behind nothing is erased, which says how far, and when to ask again', async () => {
  const world = await worldOf(0);
  await append(world, 'ada', bought('ada'));
  await world.tick();
  // The partition of another user: anybody may have signed in with a key that was asked for.
  leaveUnread(world, 'cookie');
  world.advance(12_000);
  for (const response of [
    await world.app.inject({ url: '/v1/users/ada', method: 'DELETE', headers: { authorization: ADMIN } }),
    await world.app.inject({
      url: '/v1/erasures',
      method: 'POST',
      headers: { authorization: ADMIN, 'content-type': 'application/json' },
      payload: JSON.stringify({ users: ['ada', 'eve'] }),
    }),
  ]) {
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '5']);
    const { detail, fix } = response.json();
    expect(detail).toContain('(got 1 of 4 partitions with unread events, the oldest 12 s old)');
    expect(fix).toContain('Nothing was erased');
  }
  expect([world.appended, await world.deps.erasures.ids()]).toEqual([[], []]);
});

test('law 9: an erasure waits for nothing where keys are not joined', async () => {
  const world = await worldOf(0, readDefinitions('{}', sha256Hex));
  await append(world, 'ada', bought('ada'));
  await world.tick();
  leaveUnread(world, 'ada');
  const { status, body } = await world.drop('/v1/users/ada');
  expect([status, body.detail]).toEqual([202, undefined]);
  expect(erased(world)).toEqual(['ada']);
});

test('law 9: an erasure waits where what joins keys lies unread itself, or the store is read again from the beginning', async () => {
  const plain = readDefinitions('{}', sha256Hex);
  for (const isEmpty of [false, true]) {
    const world = await worldOf(0, plain);
    if (!isEmpty) await append(world, 'ada', bought('ada'));
    // A run has begun that joins keys: its manifest is there, and no partition has come to its barrier.
    const manifest = manifestOf(2, 0, DEFINITIONS, NOON, PARTITIONS);
    world.manifests.set(2, { ...manifest, state: 'pending' });
    await world.tick();
    leaveUnread(world, 'ada');
    const refused = await world.drop('/v1/users/ada');
    expect([refused.status, refused.body.code]).toEqual([503, 'links_unread']);
    expect(world.appended).toEqual([]);
  }
});

test('law 9: an erasure waits until messages have arrived that were on their way, one after the other, and not for those that come later', async () => {
  const world = await worldOf(60_000);
  await append(world, 'ada', bought('ada'), signedIn('ada', 'cookie'));
  await append(world, 'cookie', clicked('cookie'));
  await world.tick();
  const [of, to] = [homeOf('ada'), homeOf('cookie')];
  const nothing = new Array<string>(PARTITIONS).fill('');
  const numberOf = (n: number) => messageNumber(`00000001.${String(n).padStart(7, '0')}`, 1);
  let looks = 0;
  const { relayed } = world.deps.store;
  // At each look one message more has been sent than has arrived, so something is always on its way.
  Object.assign(world.deps.store, {
    relayed: async () => {
      looks++;
      const state = (partition: number, sent: readonly string[], applied: readonly string[]) =>
        world.commit(partition, {}, { ...world.states[partition], relayed: { sent, applied } });
      await state(of, nothing.with(to, numberOf(looks + 1)), nothing);
      await state(to, nothing, nothing.with(of, numberOf(looks)));
      return relayed();
    },
  });
  const { records } = world.deps.store;
  let looksBefore = 0;
  Object.assign(world.deps.store, {
    records: (...asked: Parameters<typeof records>) => {
      looksBefore ||= looks;
      return records(...asked);
    },
  });
  expect((await world.drop('/v1/users/ada')).status).toBe(202);
  // One to begin with, one for the link, one for each key that an event passes; a reader of records has one of its own.
  expect(looksBefore).toBe(1 + 1 + 4 + 1);
  expect(erased(world)).toEqual(['cookie', 'ada']);

  const stuck = await worldOf(0);
  await append(stuck, 'ada', bought('ada'));
  await stuck.commit(of, {}, { ...stuck.states[of], relayed: { sent: nothing.with(to, numberOf(1)), applied: nothing } });
  const refused = await stuck.drop('/v1/users/ada');
  expect([refused.status, refused.body.detail]).toEqual([503, expect.stringContaining('messages between keys')]);
  expect(stuck.appended).toEqual([]);
});

test('law 9: a key that a user signs in with while receipts are written is erased as well', async () => {
  const world = await worldOf(60_000);
  await append(world, 'ada', bought('ada'));
  await append(world, 'cookie', clicked('cookie'));
  await world.tick();
  const { create } = world.deps.erasures;
  const signsIn: Event[] = [signedIn('ada', 'cookie')];
  Object.assign(world.deps.erasures, {
    create: async (...asked: Parameters<typeof create>) => {
      await append(world, 'ada', ...signsIn.splice(0));
      return create(...asked);
    },
  });
  const { status, body } = await world.drop('/v1/users/ada');
  expect([status, body.erasures.length]).toEqual([202, 2]);
  expect(erased(world)).toEqual(['cookie', 'ada']);
});

test('law 9: the keys of many people are read some at a time, and one by one where their records are large', async () => {
  const people = Array.from({ length: 40 }, (_, n) => [`user-${n}`, `cookie-${n}`] as const);
  for (const isLarge of [false, true]) {
    const world = await worldOf(60_000);
    for (const [user, cookie] of people) {
      await append(world, user, signedIn(user, cookie));
      await append(world, cookie, clicked(cookie));
    }
    await world.tick();
    const { records } = world.deps.store;
    let reads = 0;
    Object.assign(world.deps.store, {
      records: async (...asked: Parameters<typeof records>) => {
        reads++;
        // More than one request may read.
        return isLarge && asked[0].length > 1 ? asked[0].map(() => 2 ** 26) : records(...asked);
      },
    });
    const users = people.map(([user]) => user);
    expect((await world.post('/v1/erasures', { users }, ADMIN)).status).toBe(202);
    expect(erased(world).sort()).toEqual(people.flat().sort());
    if (!isLarge) expect(reads).toBe(2 * (2 + 2));
  }
});

test('law 9: keys of keys are erased before those that name them, so that a crash in between leaves nothing that is not found again', async () => {
  const world = await worldOf(60_000);
  await append(world, 'cookie', clicked('cookie'));
  await append(world, 'old-cookie', clicked('old-cookie'));
  await append(world, 'old-ada', signedIn('old-ada', 'old-cookie'));
  await append(world, 'ada', merged('ada', 'old-ada'), signedIn('ada', 'cookie'));
  // The same device signed in another user, who stays.
  const link = { id: 'ada\nat x', to: 'ada', ts: NOON, version: '1', receivedAt: NOON };
  const message = encodeMessage({ kind: 'link', to: 'cookie', link }, { from: 0, number: messageNumber('1', 0), after: '' });
  await world.commit(homeOf('cookie'), { appends: new Map([['cookie', `${message}\n`]]) }, { logTimeMs: NOON });
  await append(world, 'eve', signedIn('eve', 'cookie'), bought('eve'));
  await world.tick();
  const { append: appendEntry } = world.deps;
  for (const [asked, order] of [
    ['ada', [['old-cookie'], ['cookie', 'old-ada'], ['ada']]],
    ['cookie', [['old-cookie'], ['old-ada'], ['ada'], ['cookie']]],
  ] as const) {
    const before = erased(world).length;
    expect((await world.drop(`/v1/users/${asked}`)).status).toBe(202);
    const got = erased(world).slice(before);
    const steps = order.map((step) => [...step].sort());
    let at = 0;
    expect(steps.map(({ length }) => got.slice(at, (at += length)).sort())).toEqual(steps);
  }
  // The log is away after the first entry: who is named by the others is asked for last.
  const before = erased(world).length;
  let entries = 0;
  Object.assign(world.deps, {
    append: (...entry: Parameters<typeof appendEntry>) =>
      ++entries > 1 ? Promise.reject(new Error('the log is away')) : appendEntry(...entry),
  });
  expect((await world.drop('/v1/users/ada')).status).toBeGreaterThanOrEqual(500);
  expect(erased(world).slice(before)).toEqual(['old-cookie']);
});

test('law 9: a receipt of a key says of no place that it is without it before what withdraws what the key had lent to others is there', async () => {
  const world = await worldOf(60_000);
  await append(world, 'cookie', clicked('cookie'));
  const [of, to] = [homeOf('cookie'), homeOf('bob')];
  await world.cut(1);
  await world.publish(1);
  await world.tick();
  const { id } = (await world.drop('/v1/users/cookie')).body.erasures[0];
  const digest = world.deps.erasures.digestOf('cookie');
  const nothing = new Array<string>(PARTITIONS).fill('');
  const number = messageNumber('00000001.0000000', 1);
  const erasedThere = (sent: string, applied: string) =>
    Promise.all([
      world.commit(
        of,
        {},
        { ...world.states[of], erased: [digest], relayed: { sent: nothing.with(to, sent), applied: nothing } },
      ),
      world.commit(to, {}, { ...world.states[to], relayed: { sent: nothing, applied: nothing.with(of, applied) } }),
    ]);
  const manifest = manifestOf(2, 0, DEFINITIONS, NOON, PARTITIONS);
  world.manifests.clear();
  world.manifests.set(2, { ...manifest, state: 'computed', erased: [digest], cut: nothing.map(() => '9') });
  Object.assign(world.deps.logReach, { starts: async () => nothing.map(() => '9'), hasDropped: async () => true });
  const searched = { erased: [digest], lifted: {}, lastSegment: [], cut: nothing.map(() => '9'), searchedAt: NOON };
  const placesOf = async (forgotten: object | undefined) => {
    Object.assign(world.deps.erasures, { forgotten: async () => forgotten });
    const { places } = (await world.get(`/v1/erasures/${id}`, ADMIN)).body.erasure.bytes;
    const found = (places as { place: string; state: string }[]).filter(({ state }) => state !== 'mayHold');
    return found.map(({ place }) => place).filter((place) => ['record', 'generations', 'archive', 'log'].includes(place));
  };
  await erasedThere(number, '');
  expect(await placesOf(undefined)).toEqual([]);
  expect(await placesOf({ ...searched, generation: 2, searchedAt: null })).toEqual([]);
  await erasedThere(number, number);
  expect(await placesOf(undefined)).toEqual(['record']);
  // Files were searched up to a later generation than the one that is kept, or another partition still has some that were replaced.
  expect(await placesOf({ ...searched, generation: 3 })).toEqual(['record', 'archive']);
  const replaced = [{ path: 'a', partition: to, after: null }];
  expect(await placesOf({ ...searched, generation: 2, replaced })).toEqual(['log', 'record', 'generations']);
  expect(await placesOf({ ...searched, generation: 2 })).toEqual(['log', 'record', 'archive', 'generations']);
});
