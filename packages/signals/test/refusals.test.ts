/** Definitions that are refused before anything changes, with the place, the rule and what to do. */

import type { DerivedSections } from '@tributary/model/definitions';
import { DAY_MS } from '@tributary/model/time';
import { expect, test } from 'vitest';
import { written } from './written.ts';

const named = (count: number, of: unknown) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`n${i}`, of]));
const long = Array.from({ length: 45 }, () => "type == 'a'").join(' || ');

test.each<[Partial<DerivedSections>, string]>([
  [
    { signals: { a: { count: 'view', window: '1 hour' } } },
    'at signals.a.window must be a duration such as 7d, "retained", {"tumbling": "1d"} or {"session": NAME} (got "1 hour")',
  ],
  [{ signals: { a: { count: 'view', window: 'lifetime' } } }, 'at signals.a.window must be a duration'],
  [
    { signals: { a: { count: 'view', window: '91d' } } },
    'at signals.a.window must look back at most 90d, as records are kept no longer (got 91d). Shorten it, or raise signalRetention.days.',
  ],
  [{ signals: { a: { count: 'view', window: { tumbling: '100d' } } } }, 'at signals.a.window must look back at most 90d'],
  [
    { signals: { a: { count: 'view', window: '90d', accuracy: 'sawtooth' } } },
    'at signals.a.window must look back at most 90d, as records are kept no longer (got 91d). It begins up to 1d earlier, as its accuracy is sawtooth',
  ],
  ...[{}, { window: { tumbling: '1d' } }].map((beside): [Partial<DerivedSections>, string] => [
    { signals: { a: { count: 'view', ...beside, accuracy: 'sawtooth' } } },
    'at signals.a.accuracy must be exact, or stand beside a window that is a duration such as 7d (got "sawtooth" beside ',
  ]),
  [{ signals: { a: { count: 'view', window: '1d', accuracy: 'about' } } }, 'at signals.a.accuracy must be '],
  [{ signals: { a: { type: 'view', keep: { age: '91d' } } } }, 'at signals.a.keep.age must look back at most 90d'],
  [{ signals: { a: { type: 'view', keep: { count: 1_001 } } } }, 'at signals.a.keep.count must be at most 1000 (got 1001)'],
  [
    { signals: { a: { sum: 'purchase.valu' } } },
    'at signals.a.sum must name a field of events, or one under "fields" (got "valu"). Write "value".',
  ],
  [
    { signals: { a: { sum: 'purchase.weight' } } },
    '(got "weight"). Write {"fields": {"weight": "properties.weight"}} to take it from properties.',
  ],
  [
    { signals: { a: { sum: 'purchase.channel' } } },
    'at signals.a.sum must name a field of type integer or number (got channel: text)',
  ],
  [{ signals: { a: { sum: 'purchase' } } }, 'at signals.a.sum must be an event type and a field, such as "purchase.value"'],
  [{ signals: { a: { counts: 'view' } } }, 'at signals.a must have one of the keys type, join, count, sum'],
  [{ signals: { a: { count: 'view', sum: 'view.value' } } }, 'at signals.a must have one of the keys'],
  [
    { signals: { a: { count: 'view', windw: '1h' } } },
    'at signals.a.windw must be one of count, where, window, accuracy (got "windw")',
  ],
  [
    { signals: { a: { count: 'view', where: "channle == 'x'" } } },
    'at signals.a.where must be a condition in CEL on the fields of one event (got "channle == \'x\'": at character 1, Unknown variable: channle). Write "channel".',
  ],
  [{ signals: { a: { count: 'view', where: 'value' } } }, 'it gives number, and true or false is needed'],
  [
    { signals: { a: { count: 'view', window: { session: 'web' } } } },
    'at signals.a.window.session must be a name under "sessions": it is empty (got "web")',
  ],
  [{ signals: { 'a-b': { count: 'view' } } }, 'at signals.a-b must be a letter, then at most 63 letters'],
  [
    { signals: { a: { count: 'view' } }, segments: { a: { enter: 'true' } } },
    'at segments.a must have a name of its own among signals, sessions and segments (got "a"). Rename it.',
  ],
  [{ signals: named(201, { count: 'view' }) }, 'at signals must be at most 200 with sessions and segments (got 201)'],
  [{ signals: named(30, { count: 'view', where: long }) }, 'must hold with all other expressions at most 2000 terms'],
  [{ signals: { a: { top: 'view.page', k: 101 } } }, 'at signals.a.k must be at most 100 (got 101)'],
  [
    { signals: { a: { join: { type: 'view' }, with: { type: 'buy' }, on: ['item'], within: {} } } },
    'at signals.a.on must name a field of events, or one under "fields" (got "item")',
  ],
  [
    { signals: { a: { join: { type: 'view' }, with: { type: 'buy' }, on: { page: 'value' }, within: { after: '1h' } } } },
    'at signals.a.on must name a field of the same type on both sides (got page: text, value: integer)',
  ],
  [
    { signals: { a: { join: { type: 'v', fields: ['ts'] }, with: { type: 'b' }, on: ['page'], within: {} } } },
    'at signals.a.join.fields.0 must have a name of its own in the entries, where ts, open, matches, matchTs are taken (got "ts")',
  ],
  [
    {
      fields: { Value: 'properties.v' },
      signals: { a: { join: { type: 'v' }, with: { type: 'b', fields: ['value', 'Value'] }, on: ['page'], within: {} } },
    },
    'at signals.a.with.fields.1 must have a name of its own in the entries',
  ],
  [
    {
      signals: { a: { join: { type: 'v' }, with: { type: 'b' }, on: ['page'], within: { before: '1d' }, keep: { age: '90d' } } },
    },
    'at signals.a.keep.age must look back at most 90d, as records are kept no longer (got 91d). Shorten it or "before"',
  ],
  [
    { signals: { a: { join: { type: 'v' }, with: { type: 'b' }, on: [], within: {} } } },
    'at signals.a.on must have at least 1 element (got [])',
  ],
  [
    { signals: { a: { join: { type: 'v' }, with: { type: 'b' }, on: {}, within: {} } } },
    'at signals.a.on must have 1 to 5 fields',
  ],
  [{ signals: { a: { decayedCount: 'view' } } }, 'at signals.a.halfLife must be'],
  [{ segments: { a: { enter: 'true', ttl: '91d' } } }, 'at segments.a.ttl must look back at most 90d'],
  [
    { segments: { a: { enter: 'true', absence: { not: 'true', for: '90d' } } } },
    'at segments.a.absence.for must look back at most 90d',
  ],
  [
    { segments: { a: { enter: 'true', absence: { not: 'true', for: '60d' }, ttl: '31d' } } },
    'at segments.a.ttl must look back at most 90d',
  ],
  [
    { segments: { a: { enter: 'true', refresh: 'true', absence: { not: 'true', for: '60d' } } } },
    'at segments.a.refresh must be left out beside "absence"',
  ],
  [
    { segments: { a: { enter: 'true', refresh: 'true', ttl: '1d', byDay: true } } },
    'at segments.a.byDay must be left out beside "refresh" (got both). Leave one of them out, or prolong it with what enters.',
  ],
  ...[{ ttl: '46d' }, { absence: { not: 'true', for: '40d' }, ttl: '6d' }].map((goes): [Partial<DerivedSections>, string] => [
    { segments: { a: { enter: 'true', ...goes, byDay: true } } },
    'at segments.a.byDay must look back at most 90d, as records are kept no longer (got 92d). Members by day need records of twice "ttl" and "absence.for" together',
  ]),
  [{ segments: { a: { enter: 'true', byDay: true } } }, 'at segments.a.byDay must look back at most 90d'],
  [
    { segments: { a: { enter: 'true', ttl: '1d', byDay: false } } },
    'at segments.a.byDay must be true, or be left out (got false)',
  ],
  [
    { segments: { a: { enter: "userId == 'a'", ttl: '1d', byDay: true } } },
    'at segments.a.byDay must name one of type, channel, campaign, currency, page, element, ts, cost, value, or a field under "fields" (got "userId")',
  ],
  [
    { segments: named(11, { enter: 'true', ttl: '1d', byDay: true }) },
    'at segments.n10.byDay must be said of at most 10 segments (got 11). Leave it out of some.',
  ],
  [{ segments: { a: { enter: 'true', exit: 'type ==' } } }, 'at segments.a.exit must be a condition in CEL'],
  [{ segments: { a: { ttl: '1d' } } }, 'at segments.a.enter must be text (got nothing)'],
  [{ sessions: { a: { gap: '13h' } } }, 'at sessions.a.gap must be at most 12h (got "13h")'],
  [{ sessions: { a: { maxRun: '72h' } } }, 'at sessions.a.maxRun must be 48h'],
  [
    { sessions: { a: { keep: { age: '89d' } } } },
    'at sessions.a.keep.age must look back at most 90d, as records are kept no longer (got 91d). Sessions need 2d more than their age',
  ],
  [
    { fields: { value: 'properties.value' } },
    'at fields.value must have a name that no field of events has (got "value"). Rename it.',
  ],
  [{ fields: { int: 'properties.int' } }, 'at fields.int must have a name that CEL leaves free'],
  [{ fields: { in: 'properties.in' } }, 'at fields.in must have a name that CEL leaves free'],
  [{ fields: { price: 'price' } }, 'at fields.price must be a path such as "properties.price" (got "price")'],
  [{ fields: { price: { from: 'properties.price', type: 'decimal' } } }, 'at fields.price'],
  [{ fields: named(101, 'properties.a') }, 'at fields must have at most 100 fields (got 101)'],
])('%j', (sections, message) => {
  expect(() => written(sections)).toThrow(message);
});

test('records that are kept for two days have no room for sessions', () => {
  expect(() => written({ sessions: { web: {} } }, 2 * DAY_MS)).toThrow('at sessions.web.keep.age must look back at most 2d');
});

test('a version follows all that values follow, and nothing else', () => {
  const version = (sections: Partial<DerivedSections>, retainedDays = 90) =>
    written(sections, retainedDays * DAY_MS).get('a')?.version;
  const price = (type: string) => ({ price: { from: 'properties.price', type } });
  const sum = { a: { sum: 'purchase.price', window: '1h' } };
  const plain = version({ fields: price('number'), signals: sum });
  expect(plain).toMatch(/^[0-9a-f]{12}$/);
  expect(version({ fields: { ...price('number'), more: 'properties.more' }, signals: { ...sum, b: { count: '*' } } }, 30)).toBe(
    plain,
  );
  expect(version({ fields: price('number'), signals: { a: { window: '60m', sum: 'purchase.price' } } })).toBe(plain);
  expect(version({ fields: price('integer'), signals: sum })).not.toBe(plain);
  const segment = (more: object) => ({ segments: { a: { enter: 'true', ttl: '1d', ...more } } });
  expect(version(segment({ byDay: true }))).toBe(version(segment({})));
  const kept = { signals: { a: { count: '*' } } };
  expect(version(kept, 30)).not.toBe(version(kept, 90));
  const session = (gap: string) => ({ signals: { a: { count: '*', window: { session: 'web' } } }, sessions: { web: { gap } } });
  expect(version(session('30m'))).not.toBe(version(session('20m')));
  expect(version(session('30m'))).toBe(version(session('1800s')));
});
