import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { isCurrency } from './amounts/currency.ts';
import { parseDefinitions, storedDefinitions } from './definitions.ts';

const sha256Hex = (text: string) => createHash('sha256').update(text).digest('hex');

/** As version 1 of the rules stored its defaults. */
const FIRST =
  '{"attribution":{"channels":null,"clicksOutrankViews":false,"direct":["direct"],"pathSteps":8,"positionBased":{"first":40,"last":40},' +
  '"resetOnConversion":false,"timeDecay":{"halfLifeHours":168},"transitionOrder":1},"conversions":["buy"],"latenessDays":3,' +
  '"signalRetention":{"days":90,"perUser":1000},"signals":"*","touches":{"click":{"defaultChannel":"direct","viewThrough":false,"windowDays":30}}}';

test('law 1: stored definitions keep the rules, the text and the version of their time', () => {
  const stored = storedDefinitions(FIRST, sha256Hex);
  expect(stored).toMatchObject({ touchesFirst: false, json: FIRST, version: sha256Hex(FIRST).slice(0, 12) });
  const newest = parseDefinitions(FIRST, sha256Hex);
  expect(newest.touchesFirst).toBe(true);
  expect(newest.version).not.toBe(stored.version);
  expect(storedDefinitions(newest.json, sha256Hex)).toEqual(newest);
  expect(parseDefinitions(newest.json, sha256Hex)).toEqual(newest);
});

test('definitions that name rules of another version are refused, with the fix', () => {
  for (const rules of [1, 13, '2'])
    expect(() => parseDefinitions(JSON.stringify({ rules }), sha256Hex)).toThrow(
      'definitions, at rules must be 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 or 12, or be left out (got ',
    );
  expect(() => storedDefinitions('{"rules":13}', sha256Hex)).toThrow('rules');
});

test('what a person wrote by mistake is named with its place; a byte order mark is taken', () => {
  const refused = (text: string, message: string) => expect(() => parseDefinitions(text, sha256Hex)).toThrow(message);
  refused(
    'conversions:\n  - purchase',
    'the definitions must be JSON (got line 1, column 1: this looks like YAML). Write it as JSON.',
  );
  refused('{\n  // ours\n}', 'the definitions must be JSON (got line 2, column 3: JSON has no comments). Remove it.');
  refused('{"latenessDays": 3, "latenessDays": 5}', 'the key "latenessDays" stands there twice');
  refused(
    '{"conversions": ["buy", "purchase "]}',
    'definitions, at conversions.1 must not begin or end with a space, as no event would match it (got "purchase "). Remove the space.',
  );
  refused(
    '{"touches": {" click": {}}}',
    'definitions, at touches must not begin or end with a space, as no event would match it (got " click")',
  );
  refused('{"touches": {"click": {"defaultChannel": "ads "}}}', 'at touches.click.defaultChannel must not begin');
  refused('{"attribution": {"direct": ["\\tdirect"]}}', 'control character');
  refused('{"signals": ["a\u00a0"]}', '(got "a\u00a0")');
  expect(parseDefinitions('\ufeff{"latenessDays": 5}', sha256Hex)).toEqual(parseDefinitions('{"latenessDays": 5}', sha256Hex));
});

test('law 1: stored definitions are read as they were stored, with names that are refused today', () => {
  const stored = FIRST.replace('"buy"', '"buy "');
  expect(storedDefinitions(stored, sha256Hex).conversionTypes).toEqual(new Set(['buy ']));
});

test('a type may be called as what every object has', () => {
  expect(parseDefinitions('{"conversions": ["constructor"]}', sha256Hex).conversionTypes).toEqual(new Set(['constructor']));
});

test('exchange rates are of at most 200 currencies', () => {
  const letters = Array.from({ length: 26 }, (_, i) => String.fromCharCode(65 + i));
  const codes = letters.flatMap((a) => letters.flatMap((b) => letters.map((c) => a + b + c)));
  const currencies = codes.filter((code) => code !== 'EUR' && isCurrency(code));
  const of = (count: number) => ({ to: 'EUR', rates: Object.fromEntries(currencies.slice(0, count).map((code) => [code, '1'])) });
  const parsed = (count: number) => parseDefinitions(JSON.stringify({ exchangeRates: of(count) }), sha256Hex);
  expect(Object.keys(parsed(200).exchangeRates?.rates ?? {})).toHaveLength(200);
  expect(() => parsed(201)).toThrow('exchangeRates.rates must have at most 200 currencies (got {');
});

test('law 1: exchange rates are in the text, and not in the version that rows follow', () => {
  const plain = parseDefinitions('{}', sha256Hex);
  const exchangeRates = { to: 'EUR', rates: { USD: '0.92' } };
  const rated = parseDefinitions(JSON.stringify({ exchangeRates }), sha256Hex);
  expect(rated).toMatchObject({ version: plain.version, exchangeRates });
  // A reader of before stops at them (decision 22).
  expect(JSON.parse(rated.json)).toEqual({ ...JSON.parse(plain.json), rules: 4, exchangeRates });
  expect(storedDefinitions(rated.json, sha256Hex)).toEqual(rated);
  expect(parseDefinitions(rated.json, sha256Hex)).toEqual(rated);
  const once = { conversions: { buy: { onceBy: 'properties.id' } } };
  const [counted, both] = [once, { ...once, exchangeRates }].map((file) => parseDefinitions(JSON.stringify(file), sha256Hex));
  expect(both?.version).toBe(counted?.version);
  expect(storedDefinitions(both?.json ?? '', sha256Hex)).toEqual(both);
});

test.each([
  [{ to: 'EUR', rates: { USD: 0.92 } }, 'definitions, at exchangeRates.rates.USD must be text: "0.92" (got 0.92)'],
  [{ to: 'EUR', rates: { USD: '0' } }, 'must be a positive decimal as text, such as "0.92"'],
  [{ to: 'EUR', rates: { EUR: '1' } }, 'must have no rate of the currency that amounts are converted to'],
  [{ to: 'XQX', rates: {} }, 'definitions, at exchangeRates.to must be a code of ISO 4217'],
  [{ to: 'EUR', rates: { usd: '1' } }, 'definitions, at exchangeRates.rates.usd must '],
  [{ rates: {} }, 'definitions, at exchangeRates.to must be text (got nothing)'],
])('exchange rates such as %j are refused with their place', (exchangeRates, message) => {
  expect(() => parseDefinitions(JSON.stringify({ exchangeRates }), sha256Hex)).toThrow(message);
});

test("law 1: what is asked of users' events changes neither the version of rows nor what is stored without it", () => {
  const plain = parseDefinitions('{}', sha256Hex);
  const asked = {
    fields: { item: 'properties.item' },
    signals: { views: { count: 'view' } },
    segments: { in: { enter: 'true' } },
  };
  const definitions = parseDefinitions(JSON.stringify(asked), sha256Hex);
  expect(definitions).toMatchObject({ version: plain.version, rules: 5, signals: '*', derived: { ...asked, sessions: {} } });
  expect(plain.json).not.toContain('derived');
  expect(storedDefinitions(definitions.json, sha256Hex)).toEqual(definitions);
  expect(parseDefinitions(definitions.json, sha256Hex)).toEqual(definitions);
  const listed = parseDefinitions('{"signals": ["a", "b"], "sessions": {"web": {}}}', sha256Hex);
  expect(listed).toMatchObject({ signals: ['a', 'b'], derived: { signals: {}, sessions: { web: {} } } });
  expect(parseDefinitions('{"signals": {}, "fields": {}}', sha256Hex)).toEqual(plain);
  const rates = parseDefinitions('{"exchangeRates": {"to": "EUR", "rates": {"USD": "0.9"}}}', sha256Hex);
  expect(rates.rules).toBe(4);
  const both = parseDefinitions('{"exchangeRates": {"to": "EUR", "rates": {"USD": "0.9"}}, "sessions": {"web": {}}}', sha256Hex);
  expect(both).toMatchObject({
    rules: 5,
    version: plain.version,
    exchangeRates: { to: 'EUR' },
    derived: { sessions: { web: {} } },
  });
  expect(storedDefinitions(both.json, sha256Hex)).toEqual(both);
  // Earlier versions must stop at what they would answer otherwise, beside `web` as well.
  const coarse = { signals: { a: { count: 'view', window: '1h', accuracy: 'sawtooth' } } };
  expect(parseDefinitions(JSON.stringify({ ...coarse, web: {} }), sha256Hex).rules).toBe(9);
  expect(parseDefinitions(JSON.stringify(coarse), sha256Hex)).toMatchObject({ version: plain.version, rules: 9 });
  const joined = { signals: { a: { join: { type: 'cart' }, with: { type: 'purchase' }, on: ['page'], within: {} } } };
  expect(parseDefinitions(JSON.stringify(joined), sha256Hex)).toMatchObject({ version: plain.version, rules: 9 });
  const long = { signals: { a: { count: 'x'.repeat(65_536) } } };
  expect(() => parseDefinitions(JSON.stringify(long), sha256Hex)).toThrow('must have at most 65536 characters of JSON (got ');
  expect(() => parseDefinitions('{"signals": 5}', sha256Hex)).toThrow(
    'at signals must be "*", a list of event types, or an object of names',
  );
});

test('law 1: definitions that join keys are others to rows, and of rules at which versions before stop', () => {
  const plain = parseDefinitions('{}', sha256Hex);
  const joined = parseDefinitions('{"identity": {}}', sha256Hex);
  expect(joined).toMatchObject({ rules: 12, joinedMs: 30 * 86_400_000 });
  expect(joined.version).not.toBe(plain.version);
  expect(storedDefinitions(joined.json, sha256Hex)).toEqual(joined);
  expect(parseDefinitions('{"identity": {"days": 30}}', sha256Hex).json).toBe(joined.json);
  expect(parseDefinitions('{"identity": {"days": 20}}', sha256Hex).version).not.toBe(joined.version);
  expect(plain.joinedMs).toBeNull();
  const corrections = [{ name: 'a', when: 'true', from: '2026-01-01', to: '2026-01-02', drop: true, author: 'a', reason: 'a' }];
  for (const [text, refusal] of [
    [{ identity: {}, corrections }, 'at corrections must be left out where keys are joined (got 1 of them)'],
    [{ identity: { days: 61 } }, 'at identity.days must be at most 60, 30 less than signalRetention.days (got 61)'],
    [{ identity: { days: 0 } }, 'at identity.days must be'],
    [{ identity: { hours: 5 } }, 'at identity.hours must be one of days (got "hours")'],
  ] as const)
    expect(() => parseDefinitions(JSON.stringify(text), sha256Hex)).toThrow(`definitions, ${refusal}`);
});

test('the same text is read once, and again once others came between; each digest has its own version', () => {
  const texts = Array.from({ length: 20 }, (_, i) => parseDefinitions(`{"latenessDays":${i + 1}}`, sha256Hex).json);
  const [text] = texts as [string];
  const read = storedDefinitions(text, sha256Hex);
  expect(storedDefinitions(text, sha256Hex)).toBe(read);
  expect(storedDefinitions(text, (given) => sha256Hex(`other ${given}`)).version).not.toBe(read.version);
  expect(storedDefinitions(text, sha256Hex)).toEqual(read);
  expect(texts.map((own) => storedDefinitions(own, sha256Hex).latenessMs / 86_400_000)).toEqual(texts.map((_, i) => i + 1));
  expect(storedDefinitions(text, sha256Hex)).toEqual(read);
});
