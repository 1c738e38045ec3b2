/** Members of segments by day: the rules case by case, in every order of arrival, doubled and taken back, by each engine and the oracle. */
import type { DuckDb } from '@tributary/archive/duckdb';
import type { DefinitionsFile } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { DAY_MS } from '@tributary/model/time';
import { definitionsOf, generateDefinitions } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import type { RowsByView } from '@tributary/views/deltas';
import { replaceEvents } from '@tributary/views/leave';
import { segmentDays } from '@tributary/views/segment-days/fold';
import { step, stepRules } from '@tributary/views/step';
import { emptyUser } from '@tributary/views/user-state';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bySql, openTestSession } from './engines.ts';

const VIEWS = [segmentDays];
const SEGMENTS = {
  segments: {
    planner: { enter: 'type == "search"', exit: 'type == "booking"', ttl: '14d', byDay: true },
    lapsed: { enter: 'type == "purchase"', absence: { not: 'type == "visit"', for: '10d' }, ttl: '5d', byDay: true },
    live: { enter: 'type == "search"', refresh: 'type == "visit"', ttl: '1d' },
  },
} as const satisfies DefinitionsFile;
const DEFINITIONS = definitionsOf({ ...SEGMENTS, latenessDays: 60 });

/** Events as type and day; days on which who entered and left. Each case has days of its own. */
type Case = readonly [what: string, events: readonly (readonly [string, number])[], entered: number[], left: number[]];
const MS = 1 / DAY_MS;
const CASES: readonly Case[] = [
  ['a search', [['search', 0]], [0], [14]],
  [
    'one that prolongs',
    [
      ['search', 0],
      ['search', 10],
    ],
    [0],
    [24],
  ],
  [
    'one a moment before the end',
    [
      ['search', 0],
      ['search', 14 - MS],
    ],
    [0],
    [27],
  ],
  [
    'one at the end',
    [
      ['search', 0],
      ['search', 14],
    ],
    [0, 14],
    [14, 28],
  ],
  [
    'one a moment behind the end',
    [
      ['search', 0],
      ['search', 14 + MS],
    ],
    [0, 14],
    [14, 28],
  ],
  [
    'a booking',
    [
      ['search', 0],
      ['booking', 5],
    ],
    [0],
    [5],
  ],
  [
    'both at once: exit comes before entry',
    [
      ['search', 0],
      ['search', 5],
      ['booking', 5],
    ],
    [0, 5],
    [5, 19],
  ],
  [
    'two of one instant',
    [
      ['search', 0],
      ['search', 0],
    ],
    [0],
    [14],
  ],
  ['a booking alone', [['booking', 5]], [], []],
  [
    'a bridge',
    [
      ['search', 0],
      ['search', 20],
      ['search', 10],
    ],
    [0],
    [34],
  ],
  [
    'a booking too late',
    [
      ['search', 0],
      ['booking', 14],
    ],
    [0],
    [14],
  ],
  ['an absence', [['purchase', 0]], [10], [15]],
  [
    'one that begins again',
    [
      ['purchase', 0],
      ['purchase', 9],
    ],
    [19],
    [24],
  ],
  [
    'a visit a moment before',
    [
      ['purchase', 0],
      ['visit', 10 - MS],
    ],
    [],
    [],
  ],
  [
    'a visit at its instant',
    [
      ['purchase', 0],
      ['visit', 10],
    ],
    [],
    [],
  ],
  [
    'a visit a moment behind',
    [
      ['purchase', 0],
      ['visit', 10 + MS],
    ],
    [10],
    [10],
  ],
  [
    'a visit at the end',
    [
      ['purchase', 0],
      ['visit', 15],
    ],
    [10],
    [15],
  ],
];
const FIRST_MS = Date.UTC(2026, 0, 1);
const BETWEEN = 60;

function eventsOf([, events]: Case, at: number): Event[] {
  return events.map(([type, day], i) => ({
    ts: FIRST_MS + Math.round((at * BETWEEN + day) * DAY_MS),
    type,
    id: `${at} ${i}`,
    userId: 'ana',
    receivedAt: FIRST_MS + (at * BETWEEN + 30) * DAY_MS,
    source: 'test',
  }));
}

/** `2026-01-15 -1`: what a day came to, by the day. */
function countsOf(rows: RowsByView): string[] {
  return [...(rows.get('segmentDays') ?? [])].map(([key, [entered, left]]) => `${key.slice(0, 10)} ${entered} ${left}`).sort();
}

function expectedOf(cases: readonly Case[]): string[] {
  const days = new Map<string, [number, number]>();
  for (const [at, [, , entered, left]] of cases.entries())
    for (const [which, of] of [entered, left].entries())
      for (const day of of) {
        const name = new Date(FIRST_MS + (at * BETWEEN + day) * DAY_MS).toISOString().slice(0, 10);
        const counts = days.get(name) ?? [0, 0];
        counts[which as 0 | 1]++;
        days.set(name, counts);
      }
  return [...days].map(([name, [entered, left]]) => `${name} ${entered} ${left}`).sort();
}

function orders<T>(of: readonly T[]): T[][] {
  return of.length < 2 ? [[...of]] : of.flatMap((one, i) => orders(of.toSpliced(i, 1)).map((rest) => [one, ...rest]));
}

let session: DuckDb;
beforeAll(async () => {
  session = await openTestSession('segment-days');
});
afterAll(() => session.close());

test('laws 1 to 3: case by case, in every order of arrival, each event twice, and none once they are taken back', () => {
  const rules = stepRules(VIEWS, DEFINITIONS);
  for (const [at, own] of CASES.entries())
    for (const order of orders(eventsOf(own, at))) {
      const [user, rows]: [ReturnType<typeof emptyUser>, RowsByView] = [emptyUser(), new Map()];
      for (const event of [...order, ...order]) step(user, event, event.receivedAt, rules, rows);
      expect(countsOf(rows), own[0]).toEqual(expectedOf(CASES.map((one, i) => (i === at ? one : [one[0], [], [], []]))));
      const gone = order.map((event) => ({ was: { line: JSON.stringify(event) }, is: undefined }));
      replaceEvents(user, gone as never, (order[0] as Event).receivedAt, rules, rows);
      expect(countsOf(rows), `${own[0]}, taken back`).toEqual([]);
    }
});

test('law 1: who is in by an event from before the lateness stays in, and who left before it enters again', () => {
  const rules = stepRules(VIEWS, definitionsOf({ ...SEGMENTS, latenessDays: 3 }));
  const [user, rows]: [ReturnType<typeof emptyUser>, RowsByView] = [emptyUser(), new Map()];
  const days = Array.from({ length: 20 }, (_, i) => 10 * i + (i < 10 ? 0 : 5));
  const send = (type: string, day: number, id: string) => {
    const ts = FIRST_MS + day * DAY_MS;
    const event: Event = { ts, type, id, userId: 'ana', receivedAt: ts, source: 'test' };
    step(user, event, ts, rules, rows);
  };
  for (const day of days) {
    send('search', day, `search ${day}`);
    // Enough that what is past its retention goes.
    for (let i = 0; i < 8; i++) send('scroll', day + 5, `scroll ${day} ${i}`);
  }
  expect(countsOf(rows)).toEqual(['2026-01-01 1 0', '2026-04-15 0 1', '2026-04-16 1 0', '2026-07-29 0 1']);
});

test('law 5: the SQL and the oracle say the same of all cases', async () => {
  const events = CASES.flatMap(eventsOf);
  const sql = await bySql(session, events, DEFINITIONS, VIEWS);
  expect(countsOf(sql)).toEqual(expectedOf(CASES));
  expect(countsOf(naive(events, DEFINITIONS))).toEqual(expectedOf(CASES));
});

test('laws 1 and 2: random users of dense instants, in any order, are what the oracle says', () => {
  let rowsSeen = 0;
  for (let seed = 0; seed < 300; seed++) {
    const random = createRandom(seed);
    const definitions = generateDefinitions(random);
    if (definitions.segmentDayVersions.size === 0) continue;
    const lateMs = definitions.latenessMs - 1;
    const beginMs = FIRST_MS + 10 * DAY_MS;
    const events = Array.from({ length: random.between(1, 40) }, (_, i): Event => {
      const arrivedMs = beginMs + i * random.pick([0, 600_000]);
      return {
        ts: arrivedMs - random.pick([0, 1, random.below(lateMs), 1_800_000]),
        type: random.pick(['click', 'buy', 'view', 'mail', 'page', 'scroll']),
        id: `${random.below(1_000)}-${i}`,
        userId: 'ana',
        receivedAt: arrivedMs,
        source: 'test',
        ...(random.chance(0.3) && { campaign: 'spring', channel: 'search' }),
        ...(random.chance(0.2) && { value: 7 }),
      };
    }).sort((a, b) => a.receivedAt - b.receivedAt);
    const [user, rows]: [ReturnType<typeof emptyUser>, RowsByView] = [emptyUser(), new Map()];
    const rules = stepRules(VIEWS, definitions);
    const fates = events.map((event) => step(user, event, event.receivedAt, rules, rows).fate);
    if (fates.includes('late')) continue;
    rowsSeen += rows.get('segmentDays')?.size ?? 0;
    const oracle = naive(events, definitions);
    expect(differences(rows, new Map([['segmentDays', oracle.get('segmentDays') ?? new Map()]])), `seed ${seed}`).toEqual([]);
  }
  expect(rowsSeen).toBeGreaterThan(100);
});
