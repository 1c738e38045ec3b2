import { WEB_EVENTS } from '@tributary/collector/formats/web';
import { parseDefinitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { validateEvent } from '@tributary/model/reading/validate-event';
import { DAY_MS, SECOND_MS } from '@tributary/model/time';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { webEvent } from '@tributary/views/web/web-event';
import { describe, expect, test } from 'vitest';
import { DEMO_DAYS, DEMO_USERS, historyOf } from '../src/demo/history.ts';
import { createLiveTraffic } from '../src/demo/live.ts';
import { createRandom } from '../src/demo/random.ts';
import type { DemoEvent } from '../src/demo/session.ts';
import { DEMO_DEFINITIONS, LISTED_PAGES, SOURCES } from '../src/demo/shop.ts';

const TO = Date.UTC(2026, 10, 21);
const FROM = TO - DEMO_DAYS * DAY_MS;
const history = historyOf({ seed: 1, users: DEMO_USERS, fromMs: FROM, toMs: TO, hasPages: true });

const invalidOf = (events: readonly DemoEvent[], receivedAt: number) =>
  events.map((event) => validateEvent({ ...event, receivedAt })).filter(({ ok }) => !ok);

describe('the generated history', () => {
  test('holds about 74 000 valid events of the 30 days, all flagged as history', () => {
    expect(history.length).toBeGreaterThan(70_000);
    expect(history.length).toBeLessThan(78_000);
    expect(invalidOf(history, TO)).toEqual([]);
    expect(history.every(({ ts, historical }) => ts >= FROM && ts < TO && historical === true)).toBe(true);
  });

  test('has pages as the tracker reports them, of some visitors, and is the same otherwise', () => {
    const reports = history.filter(({ properties }) => properties?.['viewId'] !== undefined);
    for (const { type, element, properties } of reports) {
      const rules = WEB_EVENTS[type] ?? {};
      const said: Readonly<Record<string, unknown>> = { ...properties, ...(element !== undefined && { element }) };
      const broken = Object.entries(rules).filter(([name, { holds, isOptional }]) => {
        return said[name] === undefined ? isOptional !== true : !holds(said[name]);
      });
      expect([type, broken.map(([name]) => [name, said[name]])]).toEqual([type, []]);
    }
    for (const type of ['page', 'activity', 'click', 'link', 'form'])
      expect([type, reports.filter((one) => one.type === type).length > 100]).toEqual([type, true]);
    const definitions = parseDefinitions(JSON.stringify(DEMO_DEFINITIONS), sha256Hex);
    const seen = reports.map((event) => webEvent(event as Event, definitions));
    const activities = seen.filter((one) => one?.type === 'activity');
    expect(activities.every(({ bands, elements }) => bands.length === 20 && elements.names.length > 0)).toBe(true);
    expect(new Set(seen.map((one) => one?.keys.onPage.split('\t')[1]))).toEqual(new Set(LISTED_PAGES));
    const loads = reports.filter(({ properties }) => properties?.['nav'] === 'load');
    expect(new Set(loads.map(({ channel }) => channel))).toEqual(new Set(SOURCES.map(({ channel }) => channel)));
    expect(reports.filter(({ channel }) => channel !== undefined)).toEqual(loads);
    expect(Object.keys(definitions.touches)).not.toContain('page');
    const others = historyOf({ seed: 1, users: DEMO_USERS, fromMs: FROM, toMs: TO, hasPages: false });
    const ids = new Set(others.map(({ id }) => id));
    expect(history.filter(({ id }) => ids.has(id)).length).toBe(others.length);
    expect(others.some(({ properties }) => properties?.['viewId'] !== undefined)).toBe(false);
  });

  test('is equal for equal arguments, so that a broken-off load goes on', () => {
    expect(historyOf({ seed: 1, users: 200, fromMs: FROM, toMs: TO, hasPages: true })).toEqual(
      historyOf({ seed: 1, users: 200, fromMs: FROM, toMs: TO, hasPages: true }),
    );
    expect(historyOf({ seed: 2, users: 200, fromMs: FROM, toMs: TO, hasPages: true })[0]).not.toEqual(history[0]);
  });

  test('repeats about 1 % of the events, each as it was', () => {
    const byId = new Map(history.map((event) => [event.id, event]));
    const share = (history.length - byId.size) / byId.size;
    expect(share).toBeGreaterThan(0.005);
    expect(share).toBeLessThan(0.02);
    expect(
      history.filter((event) => byId.get(event.id) !== event && JSON.stringify(byId.get(event.id)) !== JSON.stringify(event)),
    ).toEqual([]);
  });

  test('arrives out of order by more than five minutes for a few per cent', () => {
    let newest = 0;
    const late = history.filter(({ ts }) => {
      newest = Math.max(newest, ts);
      return ts < newest - 5 * 60 * SECOND_MS;
    });
    expect(late.length / history.length).toBeGreaterThan(0.02);
    expect(late.length / history.length).toBeLessThan(0.08);
  });

  test('uses every channel, and some visits end in a purchase', () => {
    const channels = new Set(history.map(({ channel }) => channel));
    for (const { channel } of SOURCES) expect(channels).toContain(channel);
    const purchases = history.filter(({ type }) => type === 'purchase');
    expect(purchases.length).toBeGreaterThan(500);
    expect(purchases.every(({ value, currency }) => (value ?? 0) > 0 && currency === 'EUR')).toBe(true);
  });
});

describe('live traffic', () => {
  function run(fromMs: number, forMs: number, stepMs = 100): DemoEvent[] {
    const traffic = createLiveTraffic(createRandom(5), 'run', { eventsPerSecond: 20, startMs: fromMs, hasPages: true });
    return Array.from({ length: forMs / stepMs }, (_, i) => traffic.due(fromMs + i * stepMs)).flat();
  }

  test('is about 20 valid events a second, never in the future', () => {
    const events = run(TO, 1_200 * SECOND_MS);
    expect(events.length / 1_200).toBeGreaterThan(15);
    expect(events.length / 1_200).toBeLessThan(25);
    expect(invalidOf(events, TO + 1_200 * SECOND_MS)).toEqual([]);
    expect(events.every(({ ts }) => ts <= TO + 1_200 * SECOND_MS)).toBe(true);
  });

  test('has late events, some beyond the allowed lateness, and duplicates', () => {
    const events = run(TO, 1_200 * SECOND_MS);
    expect(events.filter(({ ts }) => ts < TO).length).toBeGreaterThan(20);
    expect(events.filter(({ ts }) => ts < TO - 3 * DAY_MS).length).toBeGreaterThan(2);
    expect(events.length - new Set(events.map(({ id }) => id)).size).toBeGreaterThan(50);
  });

  test('a machine that slept for a week does not wake to a week of sessions', () => {
    const traffic = createLiveTraffic(createRandom(5), 'run', { eventsPerSecond: 20, startMs: TO, hasPages: true });
    traffic.due(TO);
    expect(traffic.due(TO + 7 * DAY_MS).length).toBeLessThan(200);
  });
});
