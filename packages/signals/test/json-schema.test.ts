/** The published JSON Schema takes what the platform takes, over random definitions that were changed at random, in the eyes of another validator. */

import { durationMs } from '@tributary/signals/definitions/duration';
import { readDefinitions } from '@tributary/signals/definitions/file';
import { BEYOND, definitionsSchema } from '@tributary/signals/definitions/json-schema';
import { RANDOM_FIELDS, randomSegment, randomSignal } from '@tributary/testkit/inputs/generate-signals';
import { createRandom, type Random } from '@tributary/testkit/inputs/random';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { sha256Hex } from './written.ts';

const HOUR_MS = 3_600_000;
const isValid = new Ajv2020({ allowUnionTypes: true }).compile(definitionsSchema());

/** As the platform says it; undefined: it takes them. */
function refusal(definitions: unknown): string | undefined {
  try {
    readDefinitions(JSON.stringify(definitions), sha256Hex);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

type Json = { [key: string]: unknown } | unknown[];

function randomDefinitions(random: Random): Json {
  const some = <T>(what: T, chance = 0.6): T | undefined => (random.chance(chance) ? what : undefined);
  const signal = () => randomSignal(random, HOUR_MS, 90 * 24);
  const definitions = {
    fields: RANDOM_FIELDS,
    signals: random.pick<() => unknown>([
      () => '*',
      () => ['view', 'buy'],
      () => ({ a: signal(), b: signal() }),
      () => ({ a: signal() }),
    ])(),
    sessions: some({
      web: { gap: some('45m'), keep: some({ count: 3, age: some('7d') }), where: some("channel == 'email'") },
      other: {},
    }),
    segments: some({ in: randomSegment(random, HOUR_MS, 24 * 90) }),
    touches: some({ click: { windowDays: some(7.5), defaultChannel: some(null) }, view: { viewThrough: some(true) } }),
    conversions: some(random.pick<unknown>([['buy', 'sign up'], { buy: { onceBy: 'properties.order_id' }, lead: {} }])),
    attribution: some({
      direct: some(['direct']),
      channels: some(['a']),
      pathSteps: some(3),
      positionBased: some({ first: 30, last: 70 }),
    }),
    latenessDays: some(2),
    signalRetention: some({ perUser: 50 }, 0.3),
    exchangeRates: some({ to: 'EUR', rates: { USD: '0.92' } }, 0.3),
  };
  return JSON.parse(JSON.stringify(definitions)) as Json;
}

const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  1,
  -1,
  0.5,
  91,
  366,
  1e21,
  '',
  'x',
  '*',
  'view',
  'a.b',
  '.',
  '7d',
  '0d',
  '366d',
  '8761h',
  '1w 1d',
  'retained',
  'sawtooth',
  'properties.a',
  'properties.',
  'properties.a.b.c.d.e.f.g.h.i',
  "type == 'a'",
  'x'.repeat(1_001),
  'x'.repeat(129),
  [],
  ['view'],
  [1],
  {},
  { a: 1 },
  { count: 'view' },
  { session: 'web' },
  { tumbling: '1d' },
  { tumbling: 1 },
  { from: 'properties.a' },
  { from: 'properties.a', type: 'text', more: 1 },
  '\u0001',
  2,
  3,
  60,
  61,
];
const KEYS = [
  'more',
  'window',
  'where',
  'keep',
  'count',
  'k',
  'halfLife',
  'accuracy',
  'ttl',
  'absence',
  'refresh',
  'enter',
  'gap',
  'maxRun',
  'a-b',
  '1a',
  '__proto__',
  'rules',
  'derived',
  'identity',
  'type',
];

/** One place, changed. */
function changed(random: Random, whole: Json): Json {
  const places: (readonly [holder: Json, key: string])[] = [];
  const walk = (of: unknown) => {
    if (typeof of !== 'object' || of === null) return;
    for (const key of Object.keys(of)) {
      places.push([of as Json, key]);
      walk((of as Record<string, unknown>)[key]);
    }
  };
  const copy = JSON.parse(JSON.stringify(whole)) as Json;
  walk(copy);
  const [holder, key] = random.pick(places);
  const at = holder as Record<string, unknown>;
  random.pick([
    () => Reflect.deleteProperty(at, key),
    () => Object.defineProperty(at, key, { value: random.pick(VALUES), enumerable: true, writable: true, configurable: true }),
    () => Object.defineProperty(at, key, { value: random.pick(VALUES), enumerable: true, writable: true, configurable: true }),
    () =>
      !Array.isArray(at) &&
      Object.defineProperty(at, random.pick(KEYS), {
        value: random.pick(VALUES),
        enumerable: true,
        writable: true,
        configurable: true,
      }),
  ])();
  return JSON.parse(JSON.stringify(copy)) as Json;
}

test('the schema takes what the platform takes, and refuses what it refuses, but for the rules that it names', () => {
  const counts = { taken: 0, refused: 0, beyond: 0 };
  const seen = new Set<number>();
  for (let seed = 1; seed <= 10_000; seed++) {
    const random = createRandom(seed);
    let definitions = randomDefinitions(random);
    for (let changes = random.below(3); changes > 0; changes--) definitions = changed(random, definitions);
    const said = refusal(definitions);
    const beyond = said === undefined ? -1 : BEYOND.findIndex(([, words]) => words.test(said));
    if (beyond >= 0) {
      counts.beyond++;
      seen.add(beyond);
      continue;
    }
    counts[said === undefined ? 'taken' : 'refused']++;
    expect({ seed, definitions, said, valid: isValid(definitions), of: said !== undefined || isValid.errors }).toEqual({
      seed,
      definitions,
      said,
      valid: said === undefined,
      of: said !== undefined || null,
    });
  }
  expect(counts.taken).toBeGreaterThan(3_000);
  expect(counts.refused).toBeGreaterThan(2_000);
  expect(counts.beyond).toBeGreaterThan(100);
  expect(seen.size).toBeGreaterThan(3);
});

test('durations are those that are read, at each bound', () => {
  const pattern = new RegExp((definitionsSchema()['$defs'] as { Duration: { pattern: string } }).Duration.pattern, 'u');
  const isTaken = (text: string) => durationMs(text) <= 365 * 86_400_000;
  const random = createRandom(3);
  const bounds = [365, 8_760, 525_600, 31_536_000, 9_999_999_999, 52].flatMap((most) => [most - 1, most, most + 1, most * 10]);
  const numbers = [
    ...bounds,
    0,
    1,
    9,
    10,
    99,
    100,
    ...Array.from({ length: 3_000 }, () => random.below(10 ** random.between(1, 11))),
  ];
  for (const number of numbers)
    for (const unit of ['ms', 's', 'm', 'h', 'd', 'w', '', 'y', 'D'])
      for (const text of [`${number}${unit}`, `0${number}${unit}`])
        expect([text, pattern.test(text)]).toEqual([text, isTaken(text)]);
});

test('the schema that is published is that of this version', async () => {
  await expect(`${JSON.stringify(definitionsSchema(), null, 2)}\n`).toMatchFileSnapshot('../../../docs/definitions.schema.json');
});
