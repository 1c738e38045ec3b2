/**
 * The generated history: what a shop's visitors did in 30 days, in the order in which it would have arrived. About 4 % of
 * the events arrive late, 1 % arrive twice. Equal arguments give equal events with equal ids, so a load that was broken
 * off goes on where it stopped, and what was sent twice counts once.
 */
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '@tributary/model/time';
import { MEASURED_SHARE, pagesOf } from './pages.ts';
import { createRandom, type Random } from './random.ts';
import { type DemoEvent, sessionOf, type Visitor } from './session.ts';
import { SOURCES } from './shop.ts';

export interface HistoryOptions {
  readonly seed: number;
  readonly users: number;
  /** Epoch ms, half-open `[fromMs, toMs)`. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Whether visitors report what they do on pages. */
  readonly hasPages: boolean;
}

/** About 10 events each. */
export const DEMO_USERS = 5_900;
export const DEMO_DAYS = 30;

const LATE_SHARE = 0.04;
const DUPLICATE_SHARE = 0.01;

export function historyOf({ seed, users, fromMs, toMs, hasPages }: HistoryOptions): DemoEvent[] {
  const random = createRandom(seed);
  const arrivals: { readonly at: number; readonly event: DemoEvent }[] = [];
  // Draws of its own: with reports of pages the rest of the history is what it is without.
  const measuring = createRandom(seed + 1);
  const viewed = new Map<DemoEvent, DemoEvent>();
  for (let n = 0; n < users; n++) {
    const own: DemoEvent[] = [];
    for (const event of eventsOfUser(random, n, fromMs, toMs)) {
      own.push(event);
      const at = event.ts + delayMs(random);
      arrivals.push({ at, event });
      if (random.chance(DUPLICATE_SHARE)) arrivals.push({ at: at + random.exponential(10 * MINUTE_MS), event });
    }
    if (!hasPages || !measuring.chance(MEASURED_SHARE)) continue;
    const pages = pagesOf(measuring, own, `demo-${n}`);
    for (const [event, seen] of pages.viewed) viewed.set(event, seen);
    for (const event of pages.reports)
      if (event.ts < toMs) arrivals.push({ at: event.ts + delayMs(measuring), event: { ...event, historical: true } });
  }
  return arrivals.sort((a, b) => a.at - b.at).map(({ event }) => viewed.get(event) ?? event);
}

/** Six in ten have signed in; the others are known by a cookie. */
export function visitorOf(n: number): Visitor {
  const name = String(n).padStart(5, '0');
  return n % 5 < 3 ? { userId: `user-${name}` } : { anonymousId: `anon-${name}` };
}

function* eventsOfUser(random: Random, n: number, fromMs: number, toMs: number): Generator<DemoEvent> {
  const visitor = visitorOf(n);
  let sequence = 0;
  const id = () => `demo-${n}-${sequence++}`;
  // A favourite channel makes paths that models can tell apart.
  const favourite = random.weighted(SOURCES.map((source) => [source, source.weight] as const));
  let startMs = fromMs + random.next() * (toMs - fromMs);
  for (let sessions = 1 + Math.min(11, Math.floor(random.exponential(1.7))); sessions > 0 && startMs < toMs; sessions--) {
    const source = random.chance(0.45) ? favourite : random.weighted(SOURCES.map((s) => [s, s.weight] as const));
    for (const event of sessionOf(random, visitor, source, id, { startMs, notBeforeMs: fromMs }))
      if (event.ts < toMs) yield { ...event, historical: true };
    startMs += HOUR_MS + random.exponential(4 * DAY_MS);
  }
}

function delayMs(random: Random): number {
  return random.chance(LATE_SHARE) ? 5 * MINUTE_MS + random.exponential(8 * HOUR_MS) : random.exponential(2 * SECOND_MS);
}
