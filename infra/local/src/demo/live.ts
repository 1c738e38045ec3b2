/**
 * Live demo traffic: sessions that begin all the time, their steps sent when they happen. About 3 % of the events are
 * held back and arrive late, 1 % are sent twice. Time and randomness are arguments: a plan of what is due when.
 */
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '@tributary/model/time';
import { DEMO_USERS, visitorOf } from './history.ts';
import { MEASURED_SHARE, pagesOf } from './pages.ts';
import type { Random } from './random.ts';
import { type DemoEvent, sessionOf } from './session.ts';
import { SOURCES } from './shop.ts';

export interface LiveTraffic {
  /** What is due at `nowMs`, in order. Call it with a clock that does not go back. */
  due(nowMs: number): DemoEvent[];
}

/** Mean events of a session without its impressions; from the shares in session.ts. */
const EVENTS_PER_SESSION = 5.3;
/** What a session whose pages are measured has besides. */
const REPORTS_PER_SESSION = 5.2;
const MOST_PENDING = 20_000;
/** A machine that slept does not catch up on sessions that did not happen. */
const MOST_CATCH_UP_MS = 2 * SECOND_MS;

export interface LiveOptions {
  readonly eventsPerSecond: number;
  readonly startMs: number;
  /** Whether visitors report what they do on pages. */
  readonly hasPages: boolean;
}

export function createLiveTraffic(
  random: Random,
  name: string,
  { eventsPerSecond, startMs, hasPages }: LiveOptions,
): LiveTraffic {
  const perSession = EVENTS_PER_SESSION + (hasPages ? MEASURED_SHARE * REPORTS_PER_SESSION : 0);
  const gapMs = (SECOND_MS * perSession) / eventsPerSecond;
  let pending: { readonly at: number; readonly event: DemoEvent }[] = [];
  let nextSessionMs = startMs;
  let sequence = 0;
  const id = () => `${name}-${sequence++}`;

  function beginSession(atMs: number): void {
    const visitor = visitorOf(random.int(0, DEMO_USERS * 2));
    const source = random.weighted(SOURCES.map((s) => [s, s.weight] as const));
    const times = { startMs: atMs, notBeforeMs: atMs, paceMs: 6 * SECOND_MS };
    const session = sessionOf(random, visitor, source, id, times);
    for (const event of hasPages && random.chance(MEASURED_SHARE) ? measured(session) : session) {
      const shifted = random.chance(0.01) ? { ...event, ts: event.ts - oldAgeMs(random) } : event;
      const at = event.ts + (random.chance(0.02) ? random.exponential(2 * MINUTE_MS) : 0);
      pending.push({ at, event: shifted });
      if (random.chance(0.01)) pending.push({ at: at + random.exponential(20 * SECOND_MS), event: shifted });
    }
  }

  function measured(session: readonly DemoEvent[]): DemoEvent[] {
    const { viewed, reports } = pagesOf(random, session, id());
    return [...session.map((event) => viewed.get(event) ?? event), ...reports];
  }

  return {
    due(nowMs) {
      nextSessionMs = Math.max(nextSessionMs, nowMs - MOST_CATCH_UP_MS);
      while (nextSessionMs <= nowMs) {
        if (pending.length < MOST_PENDING) beginSession(Math.round(nextSessionMs));
        nextSessionMs += random.exponential(gapMs);
      }
      const now = pending.filter(({ at }) => at <= nowMs).sort((a, b) => a.at - b.at);
      pending = pending.filter(({ at }) => at > nowMs);
      return now.map(({ event }) => event);
    },
  };
}

/** A phone that was offline: mostly hours, sometimes so long that only the next generation corrects the reports. */
function oldAgeMs(random: Random): number {
  return Math.round(random.chance(0.8) ? random.exponential(3 * HOUR_MS) : 3 * DAY_MS + random.exponential(DAY_MS));
}
