/** Members of segments where log time falls back more than once, or where definitions change around a fall. */
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { expect, test } from 'vitest';
import { startFollowing, withSegments } from './following.ts';

const PLANNER = { enter: "type == 'search'", ttl: '14d', exit: "type == 'booking'" };
const DEFINITIONS = withSegments({ planner: PLANNER });
const WITH_MORE = withSegments({ planner: PLANNER, more: { enter: "type == 'search'", ttl: '20d' } });

type Platform = ReturnType<typeof startFollowing>;

/** The clock of the log, and log time with it. */
async function moveTo(platform: Platform, day: number) {
  platform.setClock(day);
  await platform.beat(day);
}

async function cross(platform: Platform, generation: number, definitions: { readonly json: string }) {
  await platform.log.append(0, { kind: 'barrier', body: JSON.stringify({ generation, definitions: definitions.json }) });
  await platform.drain();
}

async function demandOwnIds({ store }: Platform) {
  const { lines } = await store.outbox().read(0, 1_000);
  const ids = lines.map((line) => JSON.parse(line).id);
  expect(new Set(ids).size).toBe(ids.length);
}

/** Log time fell, and one commit went by, which looks at one of many users. */
async function fallenMidway() {
  const platform = startFollowing({ definitions: DEFINITIONS, limits: { passedUsers: 1 } });
  const users = [...'abcdefghijklmnopqrst'];
  platform.setClock(1);
  await platform.send(...users.map((user) => ['search', 0, user] as const));
  await moveTo(platform, 40);
  platform.setClock(2);
  await platform.log.append(0, { kind: 'heartbeat', body: JSON.stringify({ receivedAt: 0 }) });
  await platform.once();
  return { platform, users };
}

test('law 3: two falls between the same instants have ids of their own, also after a crash', async () => {
  const platform = startFollowing({ definitions: DEFINITIONS });
  platform.setClock(1);
  await platform.send(['search', 0]);
  for (let falls = 0; falls < 3; falls++) {
    await moveTo(platform, 40);
    await moveTo(platform, 2);
    platform.restart();
  }
  const once = ['planner left 14', 'planner revised left 14'];
  expect(await platform.said()).toEqual(['planner entered 0 until 14', ...once, ...once, ...once]);
  await demandOwnIds(platform);
});

test('law 3: a second fall takes back nothing that the first one took back', async () => {
  const platform = startFollowing({ definitions: DEFINITIONS });
  platform.setClock(1);
  await platform.send(['search', 0]);
  await moveTo(platform, 40);
  await moveTo(platform, 5);
  await moveTo(platform, 8);
  await moveTo(platform, 3);
  expect(await platform.said()).toEqual(['planner entered 0 until 14', 'planner left 14', 'planner revised left 14']);
});

test('laws 1 and 3: after a fall, a segment that is new has nothing taken back, and one that stays is said under the ids of the fall', async () => {
  const platform = startFollowing({ definitions: DEFINITIONS });
  platform.setClock(1);
  await platform.send(['search', 0]);
  await moveTo(platform, 40);
  await moveTo(platform, 2);
  await cross(platform, 1, WITH_MORE);
  platform.restart();
  await moveTo(platform, 50);
  const before = ['planner entered 0 until 14', 'planner left 14', 'planner revised left 14'];
  const said = await platform.said();
  expect(said.slice(0, 3)).toEqual(before);
  expect(said.slice(3).sort()).toEqual(['more left 20', 'planner left 14']);
  await demandOwnIds(platform);
});

test('laws 1 and 3: definitions that change before every user was looked at after a fall: the rest is taken back, of what was said alone', async () => {
  const { platform, users } = await fallenMidway();
  await platform.log.append(0, { kind: 'barrier', body: JSON.stringify({ generation: 1, definitions: WITH_MORE.json }) });
  await platform.once();
  expect((await platform.members('more', WITH_MORE)).isWhole).toBe(false);
  platform.restart();
  await platform.drain();
  for (const user of users) {
    const said = await platform.said(user);
    expect(said.filter((line) => line.startsWith('more'))).toEqual([]);
    expect(said.at(-1)).toBe('planner revised left 14');
  }
});

test('law 3: a fall while no segments are defined is a fall to those that are defined again', async () => {
  const platform = startFollowing({ definitions: DEFINITIONS });
  platform.setClock(1);
  await platform.send(['search', 0]);
  await moveTo(platform, 40);
  await cross(platform, 1, definitionsOf(SMALL_DEFINITIONS));
  await moveTo(platform, 41);
  await moveTo(platform, 2);
  platform.restart();
  await moveTo(platform, 3);
  await cross(platform, 2, DEFINITIONS);
  await moveTo(platform, 50);
  expect((await platform.said()).filter((line) => line === 'planner left 14')).toHaveLength(2);
  await demandOwnIds(platform);
});

test('law 1: a segment that goes before every user was looked at after a fall, and comes again, has the rest taken back', async () => {
  const { platform, users } = await fallenMidway();
  const others = withSegments({ more: { enter: "type == 'search'", ttl: '20d' } });
  for (const [i, definitions] of [definitionsOf(SMALL_DEFINITIONS), others, DEFINITIONS].entries()) {
    await platform.log.append(0, { kind: 'barrier', body: JSON.stringify({ generation: i + 1, definitions: definitions.json }) });
    await platform.once();
    platform.restart();
    await moveTo(platform, 2);
  }
  for (const user of users) {
    const said = await platform.said(user);
    expect(said.filter((line) => line.startsWith('more'))).toEqual([]);
    expect(said.at(-1)).toBe('planner revised left 14');
  }
});

test.each(['the barrier itself', 'an entry before it'])(
  'law 1: where %s shows that log time fell, what was said of instants to come is taken back',
  async (which) => {
    const shorter = withSegments({ planner: { ...PLANNER, ttl: '10d' } });
    const platform = startFollowing({ definitions: DEFINITIONS, limits: { passedUsers: 1 } });
    platform.setClock(0);
    await platform.send(...[...'abc'].map((user) => ['search', 0, user] as const));
    await moveTo(platform, 50);
    const saidOf = async (user: string) => (await platform.said(user)).slice(2);
    platform.setClock(5);
    if (which === 'an entry before it') await platform.beat(5);
    await cross(platform, 1, shorter);
    await moveTo(platform, 6);
    for (const user of 'abc') expect(await saidOf(user)).toEqual(['planner revised left 14']);
    await moveTo(platform, 11);
    for (const user of 'abc') expect(await saidOf(user)).toEqual(['planner revised left 14', 'planner left 10']);
    await demandOwnIds(platform);
  },
);
