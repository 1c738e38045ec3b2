/** What visits do to sessions where it is known without their timelines (packages/views/src/sessions/joining.ts), beside plain `step`, which is the oracle. */
import type { Event } from '@tributary/model/event';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '@tributary/model/time';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom, type Random } from '@tributary/testkit/inputs/random';
import type { RowsByView } from '@tributary/views/deltas';
import { createPackedTimelines, heldTimeline } from '@tributary/views/packed-timelines';
import { VIEWS } from '@tributary/views/registry';
import { step, stepRules } from '@tributary/views/step';
import { cutPackedUpTo, stepPacked } from '@tributary/views/step-packed';
import type { TimelineEvent } from '@tributary/views/timeline';
import { cutUpTo, emptyUser } from '@tributary/views/user-state';
import { workOfUser } from '@tributary/views/work';
import { expect, test } from 'vitest';

const DEFINITIONS = definitionsOf({ ...SMALL_DEFINITIONS, web: {} });
/** An order counts once, also where it is reported again a day later. */
const ONCE = definitionsOf({
  ...{ ...SMALL_DEFINITIONS, web: {} },
  conversions: { buy: { onceBy: 'properties.order', withinDays: 1 } },
});
const GAP_MS = 30 * MINUTE_MS;
/** How long sessions may still change behind the lateness. */
const REVISABLE_MS = 2 * DAY_MS;
const NOON_MS = Date.UTC(2026, 2, 1, 12);

/** `calm`: as nearly all of them come. `steady`: for days without a pause. `any`: with conversions, pauses, and out of order. */
type Pace = 'calm' | 'steady' | 'any';

function visit(random: Random, number: number, ts: number, pace: Pace): Event {
  // What is not a visit makes a pause longer.
  const others = pace === 'steady' ? [] : pace === 'any' ? ['scroll', 'buy'] : ['scroll'];
  const types = ['page', 'click', 'link', 'form', 'activity', 'activity', 'activity', ...others];
  const type = random.pick(types);
  const properties = {
    ...{ viewId: 'v', layout: random.pick([0, 992]) },
    ...(type === 'click' && { kind: random.pick(['click', 'dead']) }),
    ...(type === 'form' && { action: random.pick(['focus', 'abandon']), form: 'f', field: 'x' }),
    ...(type === 'activity' && { engagedMs: random.pick([0, 4_000, 12_000]) }),
    ...(type === 'buy' && { order: random.pick(['one', 'two']) }),
    ...(pace !== 'steady' && random.chance(0.03) && { bot: 'ua' }),
  };
  return {
    ...{ ts, receivedAt: ts, id: `e${number}`, type, userId: 'ana', source: 'web' },
    page: `https://shop.example/${random.below(3)}`,
    ...(pace === 'any' && random.chance(0.1) && { channel: 'email', campaign: 'c' }),
    ...(type === 'buy' && { value: 500, currency: 'EUR' }),
    properties,
  };
}

function stepMs(random: Random, pace: Pace): number {
  if (pace === 'calm') return random.pick([1, 5_000, MINUTE_MS]);
  if (pace === 'steady') return random.pick([20 * MINUTE_MS, 25 * MINUTE_MS, GAP_MS - 1]);
  return random.pick([0, 1, MINUTE_MS, 10 * MINUTE_MS, 10 * MINUTE_MS, GAP_MS - 1, GAP_MS, 2 * HOUR_MS]);
}

test('law 1: what a visit does to sessions is what plain `step` says, in order, late, doubled, across midnights and cuts', () => {
  const seen = { opened: 0, late: 0, long: 0, joined: 0, cut: 0, tooMuch: 0 };
  for (let seed = 0; seed < 200; seed++) {
    const random = createRandom(seed);
    const pace = random.pick<Pace>(['calm', 'steady', 'any', 'any', 'any']);
    const rules = stepRules(VIEWS, random.pick([DEFINITIONS, ONCE]), random.pick([20, 10_000, 10_000]));
    const timelines = createPackedTimelines();
    let opened = 0;
    const counting: typeof timelines = {
      ...timelines,
      open(user) {
        opened++;
        return timelines.open(user);
      },
      joining(user, incoming) {
        const joining = timelines.joining(user, incoming);
        if (joining?.joined !== undefined) seen.joined++;
        return joining;
      },
    };
    const [plain, held] = [emptyUser(), heldTimeline(counting)];
    const [expected, rows]: [RowsByView, RowsByView] = [new Map(), new Map()];
    // How late all of it comes: in time, or where sessions freeze.
    const { latenessMs } = rules.definitions;
    const lateMs = random.pick([0, 0, 0, latenessMs - 1, latenessMs, latenessMs + REVISABLE_MS - HOUR_MS]);
    const [ofPlain, ofHeld] = [workOfUser(), workOfUser()];
    if (random.chance(0.1)) for (const work of [ofPlain, ofHeld]) work.left = 2_000;
    let ts = NOON_MS + random.below(DAY_MS);
    let logTimeMs = 0;
    for (let i = 0; i < (pace === 'any' ? 80 : 150); i++) {
      ts += stepMs(random, pace);
      const disorder = pace === 'any' ? 0.05 : 0;
      const event = visit(random, random.chance(disorder) ? Math.max(0, i - 3) : i, ts, pace);
      const own = random.chance(disorder) ? { ...event, ts: ts - random.below(3 * HOUR_MS) } : event;
      logTimeMs = Math.max(logTimeMs, ts + lateMs);
      const where = `seed ${seed}, event ${i}`;
      const outcome = step(plain, own, logTimeMs, rules, expected, ofPlain);
      expect(stepPacked(held, own, logTimeMs, rules, rows, ofHeld), where).toEqual(outcome);
      expect(ofHeld.left, where).toBe(ofPlain.left);
      if (i % 20 === 19) expect(rows, where).toEqual(expected);
      if (outcome.fate === 'late') seen.late++;
      if (outcome.overflowed) seen.tooMuch++;
      if (held.long !== undefined) seen.long++;
      if (pace === 'any' && random.chance(0.01)) {
        cutUpTo(plain, ts - HOUR_MS);
        cutPackedUpTo(held, ts - HOUR_MS);
        seen.cut++;
      }
    }
    expect(timelines.open(held).events, `seed ${seed}`).toEqual(plain.events);
    if (pace === 'calm' && lateMs === 0) seen.opened += opened;
  }
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(20);
});

test('law 7: visits that come in order open no timeline, but where it is pruned', () => {
  const timelines = createPackedTimelines();
  let opened = 0;
  const held = heldTimeline({
    ...timelines,
    open(user) {
      opened++;
      return timelines.open(user);
    },
  });
  const rules = stepRules(VIEWS, DEFINITIONS);
  for (let i = 0; i < 48; i++) {
    const event = { ...visit(createRandom(i), i, NOON_MS + i * MINUTE_MS, 'calm'), type: i % 5 === 0 ? 'page' : 'activity' };
    expect(stepPacked(held, event, event.ts, rules, new Map()).fate).toBe('counted');
  }
  expect(held.length).toBe(48);
  expect(opened, 'at 8, 16 and 32 events').toBe(3);
});

test('law 7: no session is looked for where no work is left', () => {
  const rules = stepRules(VIEWS, DEFINITIONS);
  const asMembers = { ...rules, groups: [] };
  const held = heldTimeline(createPackedTimelines());
  const at = (i: number): Event => ({ ...visit(createRandom(i), i, NOON_MS + i * MINUTE_MS, 'calm'), type: 'activity' });
  for (let i = 0; i < 100; i++) stepPacked(held, at(i), at(i).ts, asMembers, new Map());
  let reads = 0;
  const one = held.long?.events[50] as TimelineEvent;
  const { visit: own } = one;
  Object.defineProperty(one, 'visit', {
    get() {
      reads++;
      return own;
    },
  });
  const outcomeWith = (left: number, i: number) =>
    stepPacked(held, at(i), at(i).ts, rules, new Map(), { ...workOfUser(), left }).overflowed;
  expect([outcomeWith(0, 101), reads > 0]).toEqual([true, false]);
  expect([outcomeWith(10_000, 102), reads > 0]).toEqual([false, true]);
});
