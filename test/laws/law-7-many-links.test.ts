/** Law 7: what the links of a key may cost is bounded by the events of the key, however many a page sends; both layers count the same ones. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adopt } from '@tributary/archive/compute/adopt';
import { openDuckDb } from '@tributary/archive/duckdb';
import { emptyKey, type KeyState, membersOf, receiveEvent, receiveMessage } from '@tributary/model/identity/adoption';
import { itemAt, lentToAt } from '@tributary/model/identity/held-items';
import { addLink, type Link, MOST_LINKS_OF_DAY } from '@tributary/model/identity/links';
import { encodeMessage } from '@tributary/model/identity/message-line';
import { DAY_MS, HOUR_MS } from '@tributary/model/time';
import { createRandom } from '@tributary/testkit/inputs/random';
import { countingLines } from '@tributary/views/identity/keyed-record';
import { expect, test, vi } from 'vitest';

const NOON = Date.UTC(2026, 10, 20, 12);
const EVENTS = 300;
const WINDOW_MS = 30 * DAY_MS;

/** Each to another user, and of an earlier hour than all before: it moves every event of the key. */
const flood = (from: number, before: number, receivedAt: (n: number) => number): Link[] =>
  Array.from({ length: before - from }, (_, i) => {
    const n = from + i;
    const to = `user-${n % 7}`;
    const version = String(n).padStart(6, '0');
    return { id: `${to}\nat ${n}`, to, ts: NOON - n * HOUR_MS, version, receivedAt: receivedAt(n) };
  });

/** One event an hour up to `end`, which by default lies before all links. */
function keyWithEvents(end = NOON - 180 * HOUR_MS): KeyState {
  const state = emptyKey('cookie', { windowMs: WINDOW_MS });
  for (let n = 0; n < EVENTS; n++) receiveEvent(state, { id: `e${n}`, ts: end - n * HOUR_MS, isKnown: false, line: '' }, '0');
  return state;
}

const link = (state: KeyState, one: Link) => receiveMessage(state, { kind: 'link', to: 'cookie', link: one }, one.version);

test('law 7: the links of one day move the events of a key so often and no more, and the next day again', () => {
  const state = keyWithEvents();
  const said = flood(0, 400, (n) => NOON + n).map((one) => link(state, one)?.messages.length ?? 0);
  expect(said.slice(0, MOST_LINKS_OF_DAY).filter((count) => count > 0).length).toBeGreaterThan(30);
  expect(said.slice(MOST_LINKS_OF_DAY)).toEqual(new Array(400 - MOST_LINKS_OF_DAY).fill(0));
  // Neither does the register grow, and none of its links is looked at.
  expect(state.links.made).toHaveLength(MOST_LINKS_OF_DAY);
  const [day] = [...(state.links.days ?? new Map<number, { readonly counted: Map<string, Link> }>()).values()];
  const looks = vi.spyOn(day?.counted as Map<string, Link>, 'set');
  for (const one of flood(0, 500, (n) => NOON + n).slice(400)) expect(link(state, one)).toBeNull();
  expect(looks).not.toHaveBeenCalled();
  const [next] = flood(400, 401, () => NOON + DAY_MS);
  expect(link(state, next as Link)?.messages.length).toBeGreaterThan(EVENTS);
  // One more of the same millisecond as the last that counts: neither does, and all goes back.
  const full = keyWithEvents();
  const ofDay = flood(0, MOST_LINKS_OF_DAY + 1, (n) => NOON + Math.min(n, MOST_LINKS_OF_DAY - 1));
  for (const one of ofDay.slice(0, -1)) link(full, one);
  expect(link(full, ofDay.at(-1) as Link)?.messages.length).toBeGreaterThan(EVENTS);
  // Who says the same again of a key that is adopted moves nothing.
  const again = { ...(next as Link), id: `${(next as Link).to}\nat again`, version: '000401', ts: NOON - 401 * HOUR_MS };
  expect(link(state, again)?.messages).toEqual([]);
});

test('law 7: what a link cannot move is not held against each link of the key, however many there were', () => {
  const state = emptyKey('ada', { windowMs: WINDOW_MS });
  let looks = 0;
  const watched = (one: Link): Link => ({
    ...one,
    get receivedAt() {
      looks++;
      return one.receivedAt;
    },
  });
  // Anybody may say that the id of a user is an anonymous one, and so may they on any number of days.
  for (let day = 0; day < 10; day++)
    for (const one of flood(day * 64, day * 64 + 64, (n) => NOON + day * DAY_MS + n)) addLink(state.links, watched(one));
  expect(state.links.made).toHaveLength(640);
  for (let n = 0; n < EVENTS; n++) {
    receiveEvent(state, { id: `e${n}`, ts: NOON - n * HOUR_MS, isKnown: true, line: '' }, '0');
    // Links that are older reach none of these, as they were received so late.
    receiveEvent(state, { id: `old${n}`, ts: NOON - 31 * DAY_MS - n, isKnown: false, line: '' }, '0');
  }
  expect(membersOf(state)).toHaveLength(2 * EVENTS);
  looks = 0;
  for (const one of flood(640, 700, (n) => NOON + 10 * DAY_MS + n)) expect(link(state, one)?.messages).toEqual([]);
  expect(looks).toBeLessThan(EVENTS);
});

test('law 7: one id that came by very many keys of a user costs no more for each than one of few', () => {
  const state = emptyKey('ada', { windowMs: WINDOW_MS });
  let looks = 0;
  const lent = Array.from({ length: 400 }, (_, n) => {
    const key = `cookie-${n}`;
    const event = { ts: NOON, type: 'click', id: 'same', anonymousId: key, receivedAt: NOON, source: 'test' };
    const item = {
      ...{ origin: key, id: 'same', ts: NOON, isKnown: true, line: JSON.stringify(event) },
      get path() {
        looks++;
        return [key];
      },
    };
    return { kind: 'put', to: 'ada', item, version: String(n).padStart(6, '0') } as const;
  });
  const lines = lent.map((message, n) => encodeMessage(message, { from: 0, number: String(n), after: '' }));
  looks = 0;
  for (const message of lent) receiveMessage(state, message, '0');
  expect(looks).toBeLessThan(20 * lent.length);
  expect(membersOf(state).map(({ origin }) => origin)).toEqual(['cookie-0']);
  expect(countingLines('ada', lines, { windowMs: WINDOW_MS })).toEqual([lent[0]?.item.line]);
  // And where they are taken back in order, so that each time the next one of those that are left counts.
  const reads = vi.spyOn(TextDecoder.prototype, 'decode');
  for (const { item } of lent.slice(0, -1)) receiveMessage(state, { kind: 'take', to: 'ada', item, version: '999999' }, '1');
  expect(reads.mock.calls.length).toBeLessThan(30 * lent.length);
  reads.mockRestore();
  expect(membersOf(state).map(({ origin }) => origin)).toEqual(['cookie-399']);
});

test('laws 2 and 5: in any order of arrival the same links count, those of one millisecond together, as in the batch layer', async () => {
  const random = createRandom(7);
  const first = flood(0, 150, (n) => NOON + Math.floor(n / 5) * 2_000_000);
  // The same names again, later the same day or on the next one: also of links that do not count, and some received before what they repeat.
  const again = (of: Link, ms: number): Link => ({ ...of, version: `9${of.version}`, receivedAt: of.receivedAt + ms });
  const floored: Link[] = [
    ...first,
    ...first.slice(20, 40).map((one) => again(one, HOUR_MS)),
    ...first.slice(50, 80).map((one) => again(one, DAY_MS)),
    ...first.slice(95, 105).map((one) => again(one, -2 * HOUR_MS)),
    // What the key says to itself of links that came after its record had lost events, and what it says once its store is rebuilt.
    ...first.slice(5, 60).map((one, n) => ({ ...one, floor: one.ts + (n % 2 === 0 ? 8 : 3) * HOUR_MS })),
    ...first.slice(30, 90).map((one) => ({ ...one, floor: one.ts + 5 * HOUR_MS })),
  ];
  // And of links that do not count any more since, with their floors; some of them are said again on the next day.
  const holding = (one: Link, hours: number): Link => {
    const floors = floored.filter(({ version }) => version === one.version).flatMap(({ floor }) => floor ?? []);
    return { ...one, ...(floors.length > 0 && { floor: Math.min(...floors) }), held: one.ts + hours * HOUR_MS };
  };
  const links: Link[] = [
    ...floored,
    ...first.slice(40, 110).map((one, n) => holding(one, [9, -1, 2][n % 3] as number)),
    ...first.slice(70, 90).map((one, n) => holding(one, n % 2 === 0 ? 7 : 11)),
  ];
  // Behind what is said first, before what is said again.
  const undoing = { kind: 'unlink', to: 'cookie', from: 'user-3', version: '800000', receivedAt: NOON } as const;
  const undoings = [undoing, ...[30, 90, 60].map((hours) => ({ ...undoing, floor: NOON - hours * HOUR_MS }))];
  const orders = [links, links.toReversed(), random.shuffle([...links])];
  const counted = orders.map((order) => {
    const state = keyWithEvents(NOON);
    for (const one of order) link(state, one);
    for (const one of undoings) receiveMessage(state, one, undoing.version);
    return {
      made: state.links.made.map(({ id }) => id),
      stays: membersOf(state).map(({ id }) => id),
      lent: Array.from(
        { length: state.held.count },
        (_, row) => `${itemAt(state.held, row, 'cookie').id} ${lentToAt(state.held, row)}`,
      ),
    };
  });
  expect(counted[1]).toEqual(counted[0]);
  expect(counted[2]).toEqual(counted[0]);
  // 12 times five of this day; one more five would be too many. The rest is of the next days.
  expect(new Set(counted[0]?.made).size).toBeGreaterThan(MOST_LINKS_OF_DAY);
  // Some of these hold up to an instant, then others of their names.
  expect(counted[0]?.made.length).toBeGreaterThan(new Set(counted[0]?.made).size + 5);

  const dir = await mkdtemp(join(tmpdir(), 'tributary-links-'));
  const session = await openDuckDb({ memoryLimit: '128MB', threads: 1, tempDir: dir });
  try {
    const rows = [
      ...undoings.map(({ from, version, ...one }, i) => ({
        ...{ user_key: 'cookie', ts: NOON, id: `u${i}`, type: 'tributary.unlink', received_at: NOON, is_known: true },
        said: JSON.stringify({ from, version, ...('floor' in one && { floor: one.floor }) }),
      })),
      ...links.map(({ id, to, ts, version, receivedAt, floor, held }: Link, i) => ({
        ...{ user_key: 'cookie', ts, id: `m${i}`, type: 'tributary.link', received_at: receivedAt, is_known: true },
        said: JSON.stringify({ id, to, version, floor, held }),
      })),
      ...Array.from({ length: EVENTS }, (_, n) => ({
        ...{
          user_key: 'cookie',
          ts: NOON - n * HOUR_MS,
          id: `e${n}`,
          type: 'click',
          received_at: NOON,
          is_known: false,
        },
        said: null,
      })),
    ];
    await session.run(
      `CREATE TABLE everything AS SELECT unnest(from_json($rows::JSON,
        '[{"user_key":"VARCHAR","ts":"BIGINT","id":"VARCHAR","type":"VARCHAR","received_at":"BIGINT","is_known":"BOOLEAN","said":"VARCHAR"}]'), recursive := true)`,
      { rows: JSON.stringify(rows) },
    );
    await adopt(session, WINDOW_MS);
    const owned = await session.rows('SELECT item AS id, owner FROM items JOIN owners ON owners.row = items.rowid');
    const batch = owned.map(({ id, owner }) => `${String(id)} ${String(owner)}`);
    expect(batch.sort()).toEqual(counted[0]?.lent.filter((one) => !one.endsWith(' null')).sort());
    const kept = await session.rows('SELECT name FROM links');
    expect(kept.map(({ name }) => String(name)).sort()).toEqual(counted[0]?.made.toSorted());
  } finally {
    await session.close();
    await rm(dir, { recursive: true, force: true });
  }
});
