import type { Event } from '@tributary/model/event';
import { arbitraryLog } from '@tributary/testkit/inputs/arbitrary-log';
import { definitionsOf, generateDefinitions, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { addRow, addRowsByView, type RowsByView, rowsOf } from '@tributary/views/deltas';
import { addDifference, byLens } from '@tributary/views/difference';
import { arrivingEvent, timelineEvent } from '@tributary/views/member';
import { countedOnce } from '@tributary/views/once';
import { VIEWS } from '@tributary/views/registry';
import { before, type Timeline } from '@tributary/views/timeline';
import { NEVER_CUT } from '@tributary/views/user-state';
import { fold } from '@tributary/views/view';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byPartition, merge, speedFold } from './speed-fold.ts';

const arbitraryDefinitions = fc.oneof(
  fc.constant(definitionsOf(SMALL_DEFINITIONS)),
  fc.nat().map((seed) => generateDefinitions(createRandom(seed))),
);

test('law 1: batch(≤ cut) + speed(> cut) = naive(all), for any log and any cuts', () => {
  const cuts = fc.array(fc.array(fc.nat(24), { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(arbitraryLog({ inTime: true }), arbitraryDefinitions, cuts, (events, any, cutsOf) => {
      // Lateness as the arbitrary log needs it: two hours.
      const definitions = definitionsOf({ ...(JSON.parse(any.json) as object), latenessDays: 2 / 24 });
      for (let generation = 0; generation <= cutsOf.length; generation++) {
        const merged: RowsByView = new Map();
        for (const [p, log] of byPartition(events, 3).entries()) {
          const own = cutsOf.map((cut) => Math.min(cut[p] as number, log.length)).sort((a, b) => a - b);
          const view = naive(log.slice(0, generation === 0 ? 0 : own[generation - 1]), definitions);
          addRowsByView(merged, merge(view, speedFold(log, { definitions, cuts: own }), generation));
        }
        expect(differences(merged, naive(events, definitions))).toEqual([]);
      }
    }),
    { numRuns: 400 },
  );
});

test('law 1: the difference near an event, fast path and slow, is the whole difference', () => {
  fc.assert(
    fc.property(
      arbitraryLog({ inTime: true, duplicates: false }),
      arbitraryDefinitions,
      fc.nat(),
      (events, definitions, pick) => {
        const timeline = events.map((event) => arrivingEvent(event, definitions)).sort((a, b) => (before(a, b) ? -1 : 1));
        const at = pick % timeline.length;
        const without = timeline.filter((_, i) => i !== at);
        const near: RowsByView = new Map();
        addDifference(byLens(VIEWS), { events: timeline, cutTs: NEVER_CUT }, at, 0, definitions, near);
        const whole = foldAll(timeline, definitions);
        addRowsByView(whole, foldAll(without, definitions), -1);
        expect(differences(near, whole)).toEqual([]);
      },
    ),
    { numRuns: 500 },
  );
});

test('law 1: the folds of all views give what the oracle gives', () => {
  fc.assert(
    fc.property(arbitraryLog({ inTime: true, duplicates: false }), arbitraryDefinitions, (events, definitions) => {
      const rows: RowsByView = new Map();
      const users = Map.groupBy(events, (event: Event) => event.userId);
      for (const own of users.values()) {
        const timeline = own.map((event) => arrivingEvent(event, definitions)).sort((a, b) => (before(a, b) ? -1 : 1));
        addRowsByView(rows, foldAll(countedOnce(timeline, definitions), definitions));
      }
      expect(differences(rows, naive(events, definitions))).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test.each([-1, 0, 1])(
  'law 1: a conversion that comes late, a lookback and %i ms before another one, makes a repeat of that or not',
  (moreMs) => {
    const definitions = definitionsOf({ touches: { click: { windowDays: 2 } }, conversions: ['buy'] });
    const ts = Date.UTC(2026, 2, 20);
    const of = (event: Pick<Event, 'id' | 'ts' | 'type'> & Partial<Event>) =>
      timelineEvent({ receivedAt: ts, userId: 'ana', source: 'test', ...event }, definitions);
    const at = ts - definitions.lookbackMs - moreMs;
    const touch = of({ id: 'touch', ts: at, type: 'click', channel: 'search' });
    const [early, later] = [
      of({ id: 'early', ts: at, type: 'buy', value: 100 }),
      of({ id: 'later', ts, type: 'buy', value: 100 }),
    ];
    const near: RowsByView = new Map();
    addDifference(byLens(VIEWS), { events: [touch, early, later], cutTs: NEVER_CUT }, 1, 0, definitions, near);
    const whole = foldAll([touch, early, later], definitions);
    addRowsByView(whole, foldAll([touch, later], definitions), -1);
    expect(differences(near, whole)).toEqual([]);
    expect([...(whole.get('orderNumbers')?.values() ?? [])].length).toBe(moreMs > 0 ? 0 : 1);
  },
);

function foldAll(timeline: Timeline, definitions: Parameters<typeof timelineEvent>[1]): RowsByView {
  const rows: RowsByView = new Map();
  for (const view of VIEWS) {
    const own = rowsOf(rows, view.name);
    for (let at = 0; at < timeline.length; at++)
      fold(view, timeline, at, definitions, (key, measures) => addRow(own, key, measures));
  }
  return rows;
}

test('law 1: a touch that pushes older ones off paths of 1 000 changes the rows of those paths', () => {
  const definitions = definitionsOf(SMALL_DEFINITIONS);
  const BEGIN_MS = Date.UTC(2026, 2, 1);
  const at = (place: number) => {
    return { ts: BEGIN_MS + place * 3_000, receivedAt: BEGIN_MS + 3_600_000, userId: 'ana', source: 'test' };
  };
  const held = Array.from({ length: 1_002 }, (_, i): Event => {
    return { ...at(i), type: 'click', id: `t${1_000 + i}`, channel: `c${i % 7}` };
  });
  const buys = [1_000, 1_002].map((i): Event => ({ ...at(i), type: 'buy', id: `buy ${i}`, value: 100 }));
  const late = [3, 500, 999].map((i): Event => ({ ...at(i), type: 'mail', id: `late ${i}`, channel: 'mail' }));
  const speed = speedFold([...held, ...buys, ...late], { definitions });
  expect(speed.overflowed).toBe(0);
  expect(differences(merge(new Map(), speed, 0), naive([...held, ...buys, ...late], definitions))).toEqual([]);
});
