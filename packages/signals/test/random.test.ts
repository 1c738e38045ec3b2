/** Definitions against the oracle (packages/testkit/src/oracle/naive-signals.ts), over random timelines in any order of arrival. */
import { DAY_MS, HOUR_MS, MINUTE_MS } from '@tributary/model/time';
import type { SessionDefinition } from '@tributary/signals/resolved';
import { orderedTimeline, timelineOf } from '@tributary/signals/timeline';
import type { Valued } from '@tributary/signals/value';
import { RANDOM_FIELDS, randomEvent, randomSegment, randomSignal } from '@tributary/testkit/inputs/generate-signals';
import { createRandom } from '@tributary/testkit/inputs/random';
import { naiveValue } from '@tributary/testkit/oracle/naive-signals';
import { expect, test } from 'vitest';
import { written } from './written.ts';

const FROM = Date.parse('2026-09-01T00:00:00Z');

interface World {
  readonly stepMs: number;
  /** For how many steps records are kept. */
  readonly kept: number;
  readonly events: number;
  readonly sections: (random: ReturnType<typeof createRandom>) => Parameters<typeof written>[0];
}

const EVERY_KIND: World = {
  stepMs: HOUR_MS,
  kept: 60,
  events: 25,
  sections: (random) => ({
    fields: RANDOM_FIELDS,
    signals: { one: randomSignal(random, HOUR_MS, 60), two: randomSignal(random, HOUR_MS, 60) },
    segments: { in: randomSegment(random, HOUR_MS, 60) },
  }),
};

/** Long enough for days without a pause. */
const SESSIONS: World = {
  stepMs: 15 * MINUTE_MS,
  kept: 8 * 96,
  events: 700,
  sections: (random) => ({
    fields: RANDOM_FIELDS,
    signals: { current: { count: '*', window: { session: 'web' } } },
    sessions: {
      web: {
        gap: `${random.pick([15, 30, 60, 240, 720])}m`,
        ...(random.chance(0.3) && { where: "type != 'purchase'" }),
        keep: { count: random.between(1, 40), age: `${random.between(1, 6)}d` },
      },
    },
  }),
};

function compare(seed: number, { stepMs, kept, events: most, sections }: World): number {
  const random = createRandom(seed);
  const set = written(sections(random), kept * stepMs);
  // Longer than records are kept, so that what is older is there and must not matter.
  const instants = kept * 2;
  const events = Array.from({ length: random.below(most) }, (_, i) => randomEvent(random, `e${i}`, FROM, instants, stepMs));
  // Copies that differ: the first to arrive counts.
  const copies = events.slice(0, 3).map(({ id }) => randomEvent(random, id, FROM, instants, stepMs));
  const arrival = random.shuffle([...events, ...copies]);
  const sessions = Object.fromEntries([...set].map(([name, { resolved }]) => [name, resolved as SessionDefinition]));
  let compared = 0;
  for (const { name, resolved, evaluate, reachMs } of set.values())
    for (const asOfMs of [0, 1, 2].map(() => FROM + random.between(1, instants + 5) * stepMs)) {
      const question = { definition: resolved, fields: RANDOM_FIELDS, sessions, stepMs };
      const { value, fromMs } = evaluate(timelineOf(arrival), asOfMs);
      expect({ seed, name, asOfMs, value }).toEqual({ seed, name, asOfMs, value: naiveValue(question, arrival, asOfMs) });
      // What it says of how far it looks: nothing older changes it, and it never looks further than it says beforehand.
      expect(fromMs).toBeGreaterThanOrEqual(asOfMs - reachMs);
      const left = timelineOf(arrival)
        .of(null)
        .filter(({ ts }) => ts >= fromMs);
      const cut = evaluate(orderedTimeline(left), asOfMs);
      expect({ seed, name, value: cut.value }).toEqual({ seed, name, value });
      const seen = timelineOf(arrival.filter(({ ts }) => ts < asOfMs));
      demandLasting({ seed, name }, (laterMs) => evaluate(seen, laterMs), asOfMs, random);
      compared++;
    }
  return compared;
}

/** What it says of how long it lasts: as of any instant until then the same events say the same, and look as far back as it says. */
function demandLasting(
  about: object,
  valuedAs: (asOfMs: number) => Valued,
  asOfMs: number,
  random: ReturnType<typeof createRandom>,
): void {
  const { value, fromMs, untilMs, fromMoves, grows } = valuedAs(asOfMs);
  expect(untilMs).toBeGreaterThan(asOfMs);
  const lastMs = Math.min(untilMs - 1, asOfMs + 200 * DAY_MS);
  for (const laterMs of [asOfMs + 1, random.between(asOfMs, lastMs), lastMs]) {
    if (laterMs > lastMs) continue;
    const later = valuedAs(laterMs);
    const passedMs = laterMs - asOfMs;
    expect({ ...about, asOfMs, laterMs, value: later.value, fromMs: later.fromMs }).toEqual({
      ...about,
      asOfMs,
      laterMs,
      value: grows === true ? (value as number) + passedMs : value,
      fromMs: fromMoves ? fromMs + passedMs : fromMs,
    });
  }
}

test('laws 1 and 2: every kind says what the oracle says, of any timeline in any order of arrival', () => {
  let compared = 0;
  for (let seed = 1; seed <= 1_500; seed++) compared += compare(seed, EVERY_KIND);
  expect(compared).toBe(1_500 * 9);
});

test('laws 1 and 2: sessions say what the oracle says, over days without a pause as well', () => {
  let compared = 0;
  for (let seed = 1; seed <= 60; seed++) compared += compare(seed, SESSIONS);
  expect(compared).toBe(60 * 6);
});

test('records that are kept for less long say the same, as far as a definition looks', () => {
  const set = written({ signals: { views: { count: '*', window: '1d' } }, sessions: { web: { keep: { age: '1d' } } } });
  expect([...set.values()].map(({ name, reachMs }) => [name, reachMs / DAY_MS])).toEqual([
    ['web', 3],
    ['views', 1],
  ]);
});
