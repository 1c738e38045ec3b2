/** What a plan says of some days and users, against the oracle: rows that it leaves as they are do not change, each event a file of its day. */
import { isDeepStrictEqual } from 'node:util';
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { DAY_MS, dayOf, HOUR_MS } from '@tributary/model/time';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { naive } from '@tributary/testkit/oracle/naive';
import { VIEWS } from '@tributary/views/registry';
import { expect, test } from 'vitest';
import { planWithin, type ReadByRun } from './within.ts';

const PARTITIONS = 3;
const PUBLISHED = { views: Object.fromEntries(VIEWS.map(({ name }) => [name, []])) };
const SHAPE = { events: 60, users: 4, lateChance: 0.2, duplicateChance: 0.1 };

/** As many files as events. */
function filesOf(events: readonly Event[]): ReadByRun['arrivals'] {
  const files = events.map((event) => ({ date: dayOf(event.ts), rows: 1, path: '', bytes: 1, sha256: '' }));
  return Array.from({ length: PARTITIONS }, (_, partition) =>
    files.filter((_file, at) => partitionOf(userKeyOf(events[at] as Event), PARTITIONS) === partition),
  );
}

/** Long journeys, so that rows look at events of other days. */
function withDays(changes: object = {}): Definitions {
  const touches = { ...SMALL_DEFINITIONS.touches, click: { windowDays: 2, defaultChannel: 'direct' } };
  return definitionsOf({ ...SMALL_DEFINITIONS, touches, ...changes });
}

/** By user, and for all together: where nothing is a reason, the oracle has the same rows of that day before and after. */
function check(before: readonly Event[], all: readonly Event[], from: Definitions, to: Definitions, reread: readonly Event[]) {
  const said = { stays: 0, changed: 0 };
  const arrivals = filesOf(all.slice(before.length));
  const run = { definitions: to, published: PUBLISHED, isWhole: false, otherRows: false, arrivals, reread: filesOf(reread) };
  for (const user of [undefined, ...new Set(all.map(userKeyOf))]) {
    const own = (events: readonly Event[]) => events.filter((event) => user === undefined || userKeyOf(event) === user);
    const [old, fresh] = [naive(own(before), from), naive(own(all), to)];
    for (const day of new Set(all.map(({ ts }) => dayOf(ts)))) {
      // An instant within it: rows are of whole days.
      const fromMs = Date.parse(day) + HOUR_MS;
      const { views } = planWithin({ fromMs, toMs: fromMs + 1, ...(user !== undefined && { users: [user] }) }, run);
      for (const { view, because } of views) {
        const ofDay = (rows: typeof old) => [...(rows.get(view) ?? [])].filter(([key]) => key.startsWith(day)).sort();
        const isEqual = isDeepStrictEqual(ofDay(old), ofDay(fresh));
        expect(because.length > 0 || isEqual, `${view} of ${day}, ${user ?? 'all'}: ${because}`).toBe(true);
        if (because.length === 0) said.stays++;
        if (!isEqual) said.changed++;
      }
    }
  }
  return said;
}

test.each([1, 2, 3])(
  'law 7: rows that a plan leaves as they are do not change, by the oracle, of each day, user and view (seed %i)',
  (seed) => {
    const definitions = withDays();
    const events = generateEvents(createRandom(seed), SHAPE, definitions).map((event, at) => ({
      ...event,
      ts: event.ts + at * 8 * HOUR_MS,
    }));
    const day = dayOf(events[30]?.ts ?? 0);
    const to = dayOf(Date.parse(day) + DAY_MS);
    const correction = { name: 'gone', when: 'type == "click"', drop: true, from: day, to, author: 'ada', reason: 'wrong' };
    const corrected = withDays({ corrections: [correction] });
    const before = events.slice(0, -3);
    const ofNews = check(before, events, definitions, definitions, []);
    expect(ofNews.stays).toBeGreaterThan(500);
    expect(ofNews.changed).toBeGreaterThan(5);
    const isCorrected = ({ ts }: Event) => dayOf(ts) === day;
    const ofCorrections = check(before, before, definitions, corrected, before.filter(isCorrected));
    expect(ofCorrections.stays).toBeGreaterThan(500);
  },
);

test('law 7: rows of a day look back and ahead: at a touch of the day before, and at a conversion of the day after', () => {
  const midnight = Date.UTC(2026, 4, 2);
  const at = (type: string, hours: number): Event => {
    const ts = midnight + hours * HOUR_MS;
    return { type, id: `${type} ${hours}`, userId: 'u', ts, receivedAt: ts, source: 'test', channel: 'c' };
  };
  const definitions = withDays();
  for (const [first, second] of [
    [at('buy', 1), at('click', -1)],
    [at('click', -1), at('buy', 1)],
  ] as const)
    expect(check([first], [first, second], definitions, definitions, []).changed).toBeGreaterThan(5);
});

test('where keys of one person are joined, a link moves events of any day: nothing stays', () => {
  const definitions = { ...withDays(), joinedMs: DAY_MS };
  const file = { date: '2026-05-01', rows: 1, path: '', bytes: 1, sha256: '' };
  const run = { definitions, published: PUBLISHED, isWhole: false, otherRows: false, arrivals: [[], [], [file]], reread: [] };
  const { partitions, views } = planWithin({ fromMs: 0, toMs: 1, users: ['a'], views: ['paths'] }, run);
  expect([partitions, views.map(({ because }) => because)]).toEqual([PARTITIONS, [['new_events']]]);
});
