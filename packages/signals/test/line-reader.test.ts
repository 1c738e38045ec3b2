/** Lines read in place, held against JSON.parse, which says what a line is. */
import { EVENT_FIELDS, type Event, encodeEvent } from '@tributary/model/event';
import { HOUR_MS } from '@tributary/model/time';
import { lineReader, type ReadFields } from '@tributary/signals/line-reader';
import { orderedTimeline, timelineOf } from '@tributary/signals/timeline';
import { RANDOM_FIELDS, randomEvent, randomSegment, randomSignal } from '@tributary/testkit/inputs/generate-signals';
import { createRandom } from '@tributary/testkit/inputs/random';
import { expect, test } from 'vitest';
import { written } from './written.ts';

const FROM = Date.parse('2026-09-01T00:00:00Z');

/** The event as a reader of these fields sees it. `before`: what lies before the line in its record. */
function readBack(line: string, wanted: ReadFields, before = ''): Event {
  const { ts, type, id } = JSON.parse(line) as Event;
  const bytes = Buffer.from(`${before}${line}\n{"ts":1,"type":"next"}\n`);
  const start = Buffer.byteLength(before);
  const restAt = start + Buffer.byteLength(`{"ts":${ts},"type":${JSON.stringify(type)},"id":${JSON.stringify(id)}`);
  return lineReader(wanted)(bytes, { start, end: start + Buffer.byteLength(line), restAt, ts, type });
}

const HEAD = '{"ts":5,"type":"v","id":"i"';

test('law 5: fields that are read in place are those of JSON.parse, whatever stands in between', () => {
  const texts = ['', 'a', '"', '\\', '\\"', 'é', '日本😀', '\u0000', '},{', ',"page":"x"', 'a'.repeat(70), '\u2028'];
  const values = [...texts, 0, -0, -7, 1e15, 123_456_789_012_345, 1_234_567_890_123_456, 1.5, 1e-7, 1e300, true, false, null];
  const nested = [[], {}, [[]], { a: { b: [1, { page: '}' }] } }, ['"', '}'], { 'x"y': '\\' }];
  const random = createRandom(3);
  const names = ['page', 'product', 'a', 'é', 'x"y', 'toString', '__proto__', '0', 'page\\'];
  const any = () => random.pick<unknown>([...values, ...nested]);
  for (let i = 0; i < 5_000; i++) {
    const properties = `{${names
      .filter(() => random.chance(0.5))
      .map((name) => `${JSON.stringify(name)}:${JSON.stringify(any())}`)
      .join(',')}}`;
    const rest = EVENT_FIELDS.slice(3, -1)
      .filter(() => random.chance(0.4))
      .map((name) => `,${JSON.stringify(name)}:${JSON.stringify(random.chance(0.9) ? random.pick(values) : any())}`)
      .join('');
    const unknown = random.chance(0.1) ? `,"later":${JSON.stringify(any())}` : '';
    const line = `${HEAD}${rest}${unknown}${random.chance(0.8) ? `,"properties":${properties}` : ''}}`;
    const wanted = {
      fields: new Set(EVENT_FIELDS.filter((name) => name !== 'properties' && random.chance(0.3))),
      properties: new Set(names.filter(() => random.chance(0.3))),
    };
    const whole = JSON.parse(line) as Record<string, unknown>;
    const read = readBack(line, wanted, random.pick(['', '{"ts":9}\n', 'é\n'])) as unknown as Record<string, unknown>;
    for (const name of ['ts', 'type', ...wanted.fields]) expect([line, name, read[name]]).toEqual([line, name, whole[name]]);
    const own = (of: Record<string, unknown>, name: string) => {
      const all = of['properties'] as Record<string, unknown> | undefined;
      return all !== undefined && Object.hasOwn(all, name) ? all[name] : undefined;
    };
    for (const name of wanted.properties) expect([line, name, own(read, name)]).toEqual([line, name, own(whole, name)]);
  }
});

test('law 5: integers of up to 22 digits are what JSON.parse makes of them', () => {
  const random = createRandom(5);
  const wanted = { fields: new Set(['value']), properties: new Set(['n']) };
  const digits = (count: number) =>
    `${random.between(1, 9)}${Array.from({ length: count - 1 }, () => random.below(10)).join('')}`;
  for (let i = 0; i < 2_000; i++) {
    const number = `${random.chance(0.5) ? '-' : ''}${digits(random.between(14, 22))}`;
    const { value, properties } = readBack(`${HEAD},"value":${number},"properties":{"n":${number}}}`, wanted);
    expect([number, value, properties?.['n']]).toEqual([number, JSON.parse(number), JSON.parse(number)]);
  }
});

test('texts that are kept in one place stay different', () => {
  const wanted = { fields: new Set(['page']), properties: new Set<string>() };
  for (let i = 0; i < 4_000; i++) {
    const digits = String(i % 1_000).padStart(3, '0');
    for (const page of [digits, `/${digits}`, `/${digits}${i % 7}`, `/shop/${digits}/x`])
      expect(readBack(`${HEAD},"page":"${page}"}`, wanted).page).toBe(page);
  }
});

test('law 5: what ends a text, or is not ASCII, is seen at each place of its words, asked for or passed over', () => {
  const wanted = { fields: new Set(['page']), properties: new Set(['item']) };
  for (const special of ['"', '\\', '\\"', 'é', '\u007f', '\n', '😀', '!', '#', ']', '['])
    for (let length = 0; length < 70; length += length < 10 ? 1 : 7)
      for (let at = 0; at <= Math.min(length, 9); at++) {
        const text = JSON.stringify(`${'a'.repeat(at)}${special}${'b'.repeat(length - at)}`);
        const line = `${HEAD},"source":${text},"page":${text},"properties":{"other":${text},"item":${text}}}`;
        const { page, properties } = readBack(line, wanted);
        expect([page, properties]).toEqual([JSON.parse(text), { item: JSON.parse(text) }]);
      }
});

test('a key that is written in another way, or twice, says what JSON.parse says', () => {
  const wanted = { fields: new Set(['page']), properties: new Set(['item']) };
  const seen = (rest: string) => {
    const { page, properties } = readBack(`${HEAD}${rest}}`, wanted);
    return [page, (properties as Record<string, unknown> | undefined)?.['item']];
  };
  expect(seen(',"p\\u0061ge":"/a","properties":{"it\\u0065m":1}')).toEqual(['/a', 1]);
  expect(seen(',"page":"/a","page":"/b","properties":{"item":1,"item":2}')).toEqual(['/b', 2]);
  expect(seen(', "page": "/a"')).toEqual(['/a', undefined]);
  expect(seen(',"properties":{"item":{"item":3}},"page":"/c"')).toEqual(['/c', { item: 3 }]);
});

test('law 7: a definition says what it reads: of lines with nothing else its values are the same', () => {
  for (let seed = 1; seed <= 150; seed++) {
    const random = createRandom(seed);
    const set = written(
      {
        fields: RANDOM_FIELDS,
        signals: {
          one: randomSignal(random, HOUR_MS, 240),
          two: randomSignal(random, HOUR_MS, 240),
          list: { type: '*', fields: ['channel', 'item', 'quantity', 'ts'], where: 'cost > 1 || gift' },
          current: { sum: '*.value', window: { session: 'web' } },
        },
        sessions: { web: { where: "campaign != 'a'", keep: { age: '5d' } } },
        segments: { in: randomSegment(random, HOUR_MS, 240) },
      },
      240 * HOUR_MS,
    );
    const events = Array.from({ length: random.below(40) }, (_, i) => randomEvent(random, `e${i}`, FROM, 300, HOUR_MS));
    const whole = timelineOf(events);
    for (const { name, reads, evaluate } of set.values()) {
      const left = orderedTimeline(whole.of(null).map((event) => readBack(encodeEvent(event), reads)));
      const asOfMs = FROM + random.between(1, 310) * HOUR_MS;
      expect({ seed, name, ...evaluate(left, asOfMs) }).toEqual({ seed, name, ...evaluate(whole, asOfMs) });
    }
  }
});

test('a session of a window reads what its condition does, and its definition what it shows', () => {
  const set = written({
    fields: { item: 'properties.item' },
    signals: { current: { distinct: '*.item', window: { session: 'web' } } },
    sessions: { web: { where: 'present(source)' } },
  });
  const { web, current } = Object.fromEntries(
    [...set].map(([name, { reads }]) => [name, [[...reads.fields].sort(), [...reads.properties]]]),
  );
  expect(web).toEqual([['campaign', 'channel', 'page', 'source'], []]);
  expect(current).toEqual([['source'], ['item']]);
});
