/** An event may come over HTTP or straight into the topic: the same event becomes the same line, or is refused with the same code. */
import { canonicalLine } from '@tributary/log/kafka/foreign-event';
import { isCurrency, isCurrencyCode } from '@tributary/model/amounts/currency';
import { PLAIN_FIELDS } from '@tributary/model/event-fields';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attributesOf } from '../src/formats/cloud-events.ts';
import { NATIVE } from '../src/formats/routes.ts';
import { UNKNOWN_KEY } from '../src/keys/write-key.ts';
import { NO_NAMES } from '../src/names/names.ts';
import { prepare } from '../src/prepare.ts';
import { NO_RATES, NOW, SENDER } from './start-collector.ts';

const SURROUNDINGS = {
  limits: {
    bodyBytes: 1 << 20,
    publicBodyBytes: 512 * 1024,
    bodyMs: 30_000,
    keylessBodyMs: 3_000,
    eventAgeMs: Number.MAX_SAFE_INTEGER,
    publicEventAgeMs: Number.MAX_SAFE_INTEGER,
    keylessBodyBytes: 1 << 16,
    batchEvents: 10,
  },
  partitions: 16,
  now: () => NOW,
  newId: () => 'topic-0-42',
  authorise: () => UNKNOWN_KEY,
  names: NO_NAMES,
  rates: NO_RATES,
};

type Attributes = Readonly<Record<string, string>>;

/** The line, or the code of the refusal. */
function overHttp(item: unknown, headers: Attributes = {}): string {
  const prefixed = Object.entries(headers).map(([name, text]) => [`ce-${name}`, encodeURIComponent(text)]);
  const attributes = attributesOf(Object.fromEntries(prefixed));
  const bytes = Buffer.from(JSON.stringify(item));
  const delivery = { bytes, route: NATIVE, sender: SENDER, origin: undefined, isCloudEvent: false, attributes };
  const prepared = prepare(delivery, SURROUNDINGS);
  if (!prepared.ok) return prepared.code;
  // Only the collector knows the key that an event came with.
  const line = prepared.value.entries[0]?.body.replace(/,"keyId":"0123456789ab"/, '');
  return line ?? String(prepared.value.rejected[0]?.code);
}

function intoKafka(item: unknown, headers: Attributes = {}): string {
  const prefixed = Object.entries(headers).map(([name, text]) => [`ce_${name}`, text] as const);
  const value = Buffer.from(JSON.stringify(item));
  const message = { key: null, value, offset: 42, timestampMs: NOW, headers: new Map(prefixed) };
  const line = canonicalLine(message, { topic: 'topic', partition: 0 });
  return line.startsWith('{"undecodable"') ? (JSON.parse(line) as { undecodable: string }).undecodable : line;
}

const INSTANTS = [
  NOW,
  NOW - 0.5,
  -1,
  '2026-11-21T10:00:00.1239+02:00',
  '2026-02-29T10:00:00Z',
  '2026-11-21',
  '2027-01-01T00:00:00Z',
];
const TEXTS = ['x', 'é', 'a"b', '(start)', '\u0000', 'EUR', 'x'.repeat(600), '1.0', 'true', '12', '-7', '19.99'];
const deep = (levels: number) => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`) as unknown;
const value = fc.oneof(
  fc.constantFrom(null, true, false, 2 ** 53, 1e308, deep(8), deep(9), [deep(6)], [deep(7)], 'y'.repeat(33_000)),
  fc.constantFrom(...INSTANTS),
  fc.constantFrom(...TEXTS),
  fc.json().map((text) => JSON.parse(text) as unknown),
);
const shared = ['type', 'id', 'source', ...PLAIN_FIELDS, ...PLAIN_FIELDS.map((field) => field.toLowerCase())];
const fields = (...own: string[]) => fc.constantFrom(...shared, 'historical', ...own);
/** A topic's reader asks for the form of a currency alone: which ones exist changes with the years, and what lies there does not. */
const agreeOnCurrency = ({ currency }: Readonly<Record<string, unknown>>) =>
  typeof currency !== 'string' || isCurrency(currency) === isCurrencyCode(currency);
const changes = (...own: string[]) => fc.dictionary(fields(...own), value, { maxKeys: 3 }).filter(agreeOnCurrency);

const NATIVE_EVENT = { type: 't', userId: 'u', source: 'shop' };
const CLOUD_EVENT = { specversion: '1.0', id: '7', source: '/shop', type: 'order', partitionkey: 'u' };

/** Refusals that 2 000 draws may miss. */
const SELDOM = [deep(9), { x: 'y'.repeat(33_000) }, { constructor: 1 }];

/** A property that holds for refusals alone, or for lines alone, shows little. */
function expectBoth(answers: readonly string[]): void {
  expect(answers.filter((answer) => answer.startsWith('{"ts":')).length).toBeGreaterThan(answers.length / 10);
  expect(new Set(answers.filter((answer) => !answer.startsWith('{'))).size).toBeGreaterThan(3);
}

describe('the collector and a topic that others write to agree', () => {
  test('on native events', () => {
    const answers: string[] = [];
    const item = changes('ts', 'userId', 'anonymousId', 'properties', 'colour').map((change) => ({ ...NATIVE_EVENT, ...change }));
    fc.assert(
      fc.property(item, (given) => {
        // What names no source is named after the door it came through.
        fc.pre(given.source !== null);
        answers.push(intoKafka(given));
        expect(answers.at(-1)).toBe(overHttp(given));
      }),
      {
        numRuns: 2_000,
        examples: SELDOM.map((properties): [typeof NATIVE_EVENT] => [{ ...NATIVE_EVENT, properties } as typeof NATIVE_EVENT]),
      },
    );
    expectBoth(answers);
  });

  test('on CloudEvents in structured mode', () => {
    const answers: string[] = [];
    const item = changes('time', 'userid', 'anonymousid', 'partitionkey', 'data', 'traceparent', 'constructor');
    fc.assert(
      fc.property(item, (change) => {
        answers.push(intoKafka({ ...CLOUD_EVENT, ...change }));
        expect(answers.at(-1)).toBe(overHttp({ ...CLOUD_EVENT, ...change }));
      }),
      { numRuns: 2_000 },
    );
    expectBoth(answers);
  });

  test('on CloudEvents in binary mode', () => {
    const answers: string[] = [];
    const names = fields('specversion', 'time', 'userid', 'anonymousid', 'partitionkey', 'traceparent', 'constructor');
    const texts = fc.oneof(fc.constantFrom(...TEXTS, '2026-11-21T10:00:00Z'), fc.string({ minLength: 1 }));
    fc.assert(
      fc.property(fc.dictionary(names, texts, { maxKeys: 3 }).filter(agreeOnCurrency), value, (change, data) => {
        answers.push(intoKafka(data, { ...CLOUD_EVENT, ...change }));
        expect(answers.at(-1)).toBe(overHttp(data, { ...CLOUD_EVENT, ...change }));
      }),
      { numRuns: 2_000 },
    );
    expectBoth(answers);
  });
});
