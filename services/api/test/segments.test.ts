/** Members of segments over HTTP: pages, counts, and what is said while they are not known. */
import { MembersAnswer } from '@tributary/contract/groups/segments';
import { messageNumber } from '@tributary/model/identity/message-line';
import { DAY_MS } from '@tributary/model/time';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { readDefinitions, signalsOf } from '@tributary/signals/definitions/file';
import { watchedSegments } from '@tributary/signals/members/watched';
import { expect, test } from 'vitest';
import { joined } from '../../../test/laws/adoption-world.ts';
import { createWorld, NOON, PARTITIONS } from './world.ts';

const FILE = {
  signals: { views: { count: 'view', window: '1h' } },
  segments: {
    planner: { enter: "type == 'search'", ttl: '12h' },
    idle: { enter: "type == 'x'", absence: { not: 'true', for: '1d' } },
  },
  signalRetention: { days: 10 },
  touches: { ad_click: { windowDays: 1 } },
};
const DEFINITIONS = readDefinitions(JSON.stringify(FILE), sha256Hex);
const VERSION = signalsOf(DEFINITIONS, sha256Hex).get('planner')?.version ?? '';
const KEY = watchedSegments(DEFINITIONS, sha256Hex)?.key ?? '';
const WHOLE = { key: KEY, sinceMs: 0, isWhole: true };

async function worldWith(users: readonly (readonly string[])[], watched = WHOLE, definitions = DEFINITIONS) {
  const world = await createWorld({ definitions });
  for (const [partition, own] of users.entries())
    await world.commit(
      partition,
      {
        members: {
          forgotten: null,
          strays: [],
          enters: own.map((user) => [VERSION, user]),
          leaves: [],
          due: new Map(),
          unsure: new Map(),
        },
      },
      { watched, keptMs: 20 * DAY_MS, logTimeMs: NOON - partition },
    );
  await world.tick();
  return world;
}

const USERS = [['ann', 'bo', 'cy'], [], ['di', 'é', '😀'], ['ed']];

test('members come page by page, each once, with the count of all of them', async () => {
  const world = await worldWith(USERS);
  for (const limit of [1, 2, 3, 4, 7, 100]) {
    const found: string[] = [];
    let cursor: string | null = null;
    let pages = 0;
    do {
      const url: string = `/v1/segments/planner/members?limit=${limit}${cursor === null ? '' : `&cursor=${cursor}`}`;
      const { body } = await world.get(url);
      expect(MembersAnswer.parse(body)).toEqual(body);
      expect(body).toMatchObject({ segment: 'planner', version: VERSION, status: 'READY', count: 7, asOf: NOON - 3 });
      expect(body.meta).toMatchObject({ view: 'speed', complete: true });
      expect(body.members.length).toBeLessThanOrEqual(limit);
      found.push(...body.members);
      cursor = body.nextCursor;
      pages++;
    } while (cursor !== null);
    expect(found).toEqual(USERS.flat());
    expect(pages).toBe(Math.ceil(7 / limit));
  }
  expect((await world.get('/v1/segments/idle/members')).body).toMatchObject({
    status: 'READY',
    count: 0,
    members: [],
    nextCursor: null,
  });
});

test('law 7: members are incomplete while messages between keys are on their way, though nothing looked at the states since', async () => {
  const longer = joined(readDefinitions(JSON.stringify({ ...FILE, signalRetention: { days: 90 } }), sha256Hex));
  const world = await worldWith(USERS, { ...WHOLE, key: watchedSegments(longer, sha256Hex)?.key ?? '' }, longer);
  const complete = async () => (await world.get('/v1/segments/planner/members')).body.meta.complete;
  for (const [partition, state] of world.states.entries()) await world.commit(partition, {}, { ...state, keptMs: 200 * DAY_MS });
  expect(await complete()).toBe(true);
  const sent = ['', messageNumber('00000001.0000000', 1), '', ''];
  await world.commit(0, {}, { ...world.states[0], relayed: { sent, applied: ['', '', '', ''] } });
  expect(await complete()).toBe(false);
  await world.commit(1, {}, { ...world.states[1], relayed: { sent: ['', '', '', ''], applied: [sent[1] ?? '', '', '', ''] } });
  expect(await complete()).toBe(true);
});

test('law 7: a segment that one partition does not know whole has no count and no members', async () => {
  for (const watched of [
    { ...WHOLE, isWhole: false },
    { ...WHOLE, key: 'another' },
  ]) {
    const world = await worldWith(USERS);
    await world.commit(2, {}, { watched, keptMs: 20 * DAY_MS, logTimeMs: NOON });
    const { body } = await world.get('/v1/segments/planner/members');
    expect(MembersAnswer.parse(body)).toEqual(body);
    expect(body).toMatchObject({ status: 'BACKFILLING', count: null, members: [], asOf: null, nextCursor: null });
    expect(body.meta).toMatchObject({ complete: false, reasons: ['record_cut'] });
  }
});

test('law 7: where records do not reach as far back as segments look, members are not known', async () => {
  const world = await worldWith(USERS);
  await world.commit(1, {}, { watched: WHOLE, keptMs: 20 * DAY_MS, logTimeMs: NOON, cutTs: NOON - 10 * DAY_MS });
  expect((await world.get('/v1/segments/planner/members')).body).toMatchObject({ status: 'BACKFILLING', count: null });
  await world.commit(1, {}, { watched: WHOLE, keptMs: 20 * DAY_MS, logTimeMs: NOON, cutTs: NOON - 10 * DAY_MS - 1 });
  expect((await world.get('/v1/segments/planner/members')).body).toMatchObject({ status: 'READY', count: 7 });
});

test('law 7: what a key lost that may lend to a user is missing for as long as the log time of any partition looks back on it', async () => {
  const apart = readDefinitions(JSON.stringify({ ...FILE, signalRetention: { days: 90 } }), sha256Hex);
  for (const definitions of [apart, joined(apart)]) {
    const key = watchedSegments(definitions, sha256Hex)?.key ?? '';
    const world = await worldWith(USERS, { ...WHOLE, key }, definitions);
    for (const [partition, state] of world.states.entries())
      await world.commit(partition, {}, { ...state, keptMs: 200 * DAY_MS });
    const statusAt = async (cutTs: number) => {
      await world.commit(1, {}, { ...world.states[1], logTimeMs: NOON + DAY_MS, cutTs });
      return (await world.get('/v1/segments/planner/members')).body.status;
    };
    // The log time of partition 3 is the oldest.
    const sinceMs = NOON - 3 - 90 * DAY_MS;
    expect([await statusAt(sinceMs), await statusAt(sinceMs - 1)]).toEqual(
      definitions === apart ? ['READY', 'READY'] : ['BACKFILLING', 'READY'],
    );
  }
});

test('law 7: users of whom events are missing make the answer incomplete', async () => {
  const world = await worldWith(USERS);
  const unsure = new Map([['bo', NOON + 1]]);
  await world.commit(
    0,
    { members: { forgotten: null, strays: [], enters: [], leaves: [], due: new Map(), unsure } },
    { watched: WHOLE, keptMs: 20 * DAY_MS, logTimeMs: NOON },
  );
  const { body } = await world.get('/v1/segments/planner/members');
  expect(body).toMatchObject({ status: 'READY', count: 7 });
  expect(body.meta).toMatchObject({ complete: false, reasons: ['record_cut'] });
  expect(body.meta.warnings[0]).toContain('the records of 1 users lost events');
});

test('law 7: while users are due for an instant that has passed, the answer is incomplete', async () => {
  const world = await worldWith(USERS);
  const due = (ms: number) => ({
    forgotten: null,
    strays: [],
    enters: [],
    leaves: [],
    due: new Map([['bo', ms]]),
    unsure: new Map(),
  });
  const state = { watched: WHOLE, keptMs: 20 * DAY_MS, logTimeMs: NOON };
  await world.commit(0, { members: due(NOON + 1) }, state);
  expect((await world.get('/v1/segments/planner/members')).body.meta.complete).toBe(true);
  await world.commit(0, { members: due(NOON) }, state);
  expect((await world.get('/v1/segments/planner/members')).body.meta).toMatchObject({ complete: false, reasons: ['behind'] });
});

test('what is not a segment is refused with the names of those that are, and a cursor of another question', async () => {
  const world = await worldWith(USERS);
  for (const name of ['views', 'absent', 'constructor']) {
    const { status, body } = await world.get(`/v1/segments/${name}/members`);
    expect([status, body.detail]).toEqual([400, expect.stringContaining('idle, planner')]);
  }
  const { body } = await world.get('/v1/segments/planner/members?limit=1');
  expect((await world.get(`/v1/segments/idle/members?cursor=${body.nextCursor}`)).status).toBe(400);
  expect((await world.get('/v1/segments/planner/members?limit=1001')).status).toBe(400);
  expect(USERS.length).toBe(PARTITIONS);
});
