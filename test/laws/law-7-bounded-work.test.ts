import { type Event, encodeEvent } from '@tributary/model/event';
import { MINUTE_MS } from '@tributary/model/time';
import { loadDefinitions } from '@tributary/runtime/definitions';
import { differences } from '@tributary/testkit/compare-rows';
import { createMemoryLog } from '@tributary/testkit/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory-store';
import { naive } from '@tributary/testkit/naive';
import type { Rows, RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { type StepRules, step, stepRules } from '@tributary/views/step';
import { emptyUser } from '@tributary/views/user-state';
import type { View } from '@tributary/views/view';
import { type Work, workOfUser } from '@tributary/views/work';
import { describe, expect, it } from 'vitest';
import { PARTS_UNDER_TEST } from './parts-under-test.ts';

const definitions = loadDefinitions('');
const NOON = Date.UTC(2026, 10, 1, 12);

/** A bot: `count` pairs of a click and a purchase, a minute apart, all within a day. */
function bot(count: number): Event[] {
  const base = { userId: 'bot', receivedAt: NOON, source: 't' };
  return Array.from({ length: count }, (_, i): Event[] => [
    { ...base, ts: NOON - (count - i) * MINUTE_MS, type: 'ad_click', id: `t${i}`, channel: 'email' },
    { ...base, ts: NOON - (count - i) * MINUTE_MS + 1, type: 'purchase', id: `c${i}`, value: 100, currency: 'EUR' },
  ]).flat();
}

const early: Event = {
  ts: NOON - 2 * 24 * 60 * MINUTE_MS,
  type: 'ad_click',
  id: 'early',
  userId: 'bot',
  receivedAt: NOON,
  source: 't',
  channel: 'sms',
};

function speedOf(events: readonly Event[]): { deltas: RowsByView; overflowed: boolean; longestMs: number } {
  const user = emptyUser();
  const rules = stepRules(VIEWS, definitions);
  const deltas: RowsByView = new Map();
  let overflowed = false;
  let longestMs = 0;
  for (const event of events) {
    const start = performance.now();
    if (step(user, event, NOON, rules, deltas).overflowed) overflowed = true;
    longestMs = Math.max(longestMs, performance.now() - start);
  }
  return { deltas, overflowed, longestMs };
}

describe('law 7: work that is left undone is told, never hidden', () => {
  it('an early touch of a user with a hundred conversions revises them all, exactly', () => {
    const events = [...bot(100), early];
    const { deltas, overflowed } = speedOf(events);
    expect(overflowed).toBe(false);
    expect(differences(deltas, naive(events, definitions))).toEqual([]);
  });

  it('an early touch of a bot with a thousand conversions is bounded work, and the outcome says what is missing', () => {
    const events = [...bot(1_000), early];
    const { deltas, overflowed, longestMs } = speedOf(events);
    expect(overflowed).toBe(true);
    expect(longestMs).toBeLessThan(1_000);
    // What needs no revision is exact all the same.
    const sum = (view: string, measure: number) =>
      [...(deltas.get(view) as Rows).values()].reduce((total, row) => total + (row[measure] as number), 0);
    expect([sum('conversions', 0), sum('conversions', 1)]).toEqual([1_000, 100_000]);
    expect(sum('touches', 0)).toBe(1_001);
  });

  it('many early clicks of one user cost a bounded part of a batch, each of them and all together', () => {
    const { seen, rules } = countingRules();
    const user = emptyUser();
    for (const event of fat()) step(user, event, NOON, rules, new Map());
    const [work, each]: [Work, number[]] = [workOfUser(), []];
    let told = 0;
    for (let i = 0; i < 2_500; i++) {
      const before = seen.events;
      if (step(user, { ...early, id: `early ${i}`, ts: early.ts - i }, NOON, rules, new Map(), work).overflowed) told++;
      each.push(seen.events - before);
    }
    expect(Math.max(...each)).toBeLessThanOrEqual(80_000);
    expect(each.reduce((sum, units) => sum + units, 0)).toBeLessThan(600_000); // it would be 1 500 million
    expect(told, 'every one of them revises 150 purchases').toBe(2_500);

    // The timeline has them all: what comes after the next generation is exact, and needs telling no more.
    const deltas: RowsByView = new Map();
    const last: Event = { ...early, ts: NOON, type: 'purchase', id: 'last', value: 7, currency: 'EUR' };
    expect(step(user, last, NOON, stepRules(VIEWS, definitions), deltas, workOfUser()).overflowed).toBe(false);
    const credits = [...(deltas.get('credit') as Rows).values()].reduce((sum, row) => sum + (row[0] as number), 0);
    expect(credits, 'six models, one purchase, and no other is looked at again').toBe(6_000_000);
  }, 60_000);

  it('a batch shares the work of one user among their events; alone, each is computed whole', async () => {
    const history = bot(90);
    const clicks = Array.from({ length: 12 }, (_, i): Event => ({ ...early, id: `early ${i}` }));
    expect(await toldOf([history, clicks])).toBeGreaterThan(0);
    expect(await toldOf([history, ...clicks.map((click) => [click])])).toBe(0);
  });
});

/** A thousand touches, then 150 purchases. */
function fat(): Event[] {
  const own = bot(1_000);
  const touches = own.filter(({ type }) => type === 'ad_click');
  return [
    ...touches,
    ...own
      .filter(({ type }) => type === 'purchase')
      .slice(-150)
      .map((event) => ({ ...event, ts: NOON })),
  ];
}

/** The real views, which note how many events they are shown. */
function countingRules(): { seen: { events: number }; rules: StepRules } {
  const seen = { events: 0 };
  const views = VIEWS.map((view): View => {
    return {
      ...view,
      rows: (what, definitions, emit) => {
        seen.events += view.lens.sizeOf(what);
        view.rows(what, definitions, emit);
      },
    };
  });
  return { seen, rules: stepRules(views, definitions) };
}

/** What a worker tells of batches that it reads one after the other. */
async function toldOf(batches: readonly Event[][]): Promise<number> {
  const log = createMemoryLog({ partitions: 1 });
  const store = createMemoryStore({ partitions: 1 });
  let commits = 0;
  const worker = PARTS_UNDER_TEST.createWorker({
    log,
    store: store.speed(),
    definitions,
    partitions: [0],
    commitId: () => `${++commits}`,
    limits: { maxEntries: 1, waitMs: 0, maxCachedEvents: 10_000, trimRecordLength: 1_000_000 },
    onReset: (_partition, why) => expect.fail(String(why)),
  });
  for (const batch of batches) {
    await log.append(0, { kind: 'events', body: batch.map(encodeEvent).join('\n') });
    while ((await worker.runOnce()) > 0);
  }
  await worker.settle();
  return (await store.serving().deltas([], 0))[0]?.overflowed ?? 0;
}
