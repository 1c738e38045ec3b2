/** `decodeLine` is the oracle: the reader accepts a part of what it accepts, with the same values. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVENT_FIELDS, type Event, encodeEvent } from '../event.ts';
import { FIELD_ROWS, FIELDS, type Field, fieldsWith } from '../event-fields.ts';
import { DAY_MS, MAX_INSTANT_MS } from '../time.ts';
import { partitionOf } from '../user-key.ts';
import { decodeLine } from './decode-line.ts';
import { createPlainLineReader } from './plain-line.ts';

const NOW = 1_795_000_000_000;
const BARE: Event = { ts: NOW, type: 'page', id: 'e-1', userId: 'anna', receivedAt: NOW, source: 'shop' };
const FULL: Event = {
  ...BARE,
  anonymousId: 'a-1',
  channel: 'paid-search',
  campaign: 'été',
  creative: 'blau',
  cost: 12,
  value: -1_999,
  currency: 'EUR',
  page: 'https://shop.example/?q=1',
  element: '#buy',
  historical: true,
  keyId: '0123456789ab',
  properties: { order: 'o-7', items: [1, 2.5, null, [], {}], é: { a: true, b: false, c: -7 } },
};
const KEPT = [...fieldsWith({ timeline: true }), 'receivedAt'] as const;
const reader = createPlainLineReader();

function plainOf(line: string, partition = 0, partitions = 1, appendedMs = NOW) {
  const bytes = reader.open(line);
  return bytes < 0 || !line.isWellFormed() ? undefined : reader.read(0, bytes, partition, partitions, appendedMs);
}

/** Whether the reader took the line; what it took is what `decodeLine` says. */
function isTaken(line: string, partition = 0, partitions = 1, appendedMs = NOW): boolean {
  const plain = plainOf(line, partition, partitions, appendedMs);
  if (plain === undefined) return false;
  const decoded = decodeLine(line, partition, partitions, appendedMs);
  if (!decoded.ok) throw new Error(`the reader took what must be parked (${decoded.message}): ${line}`);
  const kept = Object.fromEntries(KEPT.flatMap((field) => (field in decoded.event ? [[field, decoded.event[field]]] : [])));
  const hasBothIds = decoded.event.userId !== undefined && decoded.event.anonymousId !== undefined;
  expect(plain).toEqual({ ok: true, event: kept, userKey: decoded.userKey, hasBothIds });
  return true;
}

const lineOf = (changes: Readonly<Record<string, unknown>>) => JSON.stringify({ ...BARE, ...changes });

describe('the reader of plain lines', () => {
  it('takes the lines that the encoder writes', () => {
    expect(isTaken(encodeEvent(BARE))).toBe(true);
    const { userId: _, ...anonymous } = { ...BARE, anonymousId: 'a-1' };
    expect(isTaken(encodeEvent(anonymous))).toBe(true);
    const { properties: _properties, ...rest } = FULL;
    expect(isTaken(encodeEvent(rest))).toBe(true);
    expect(isTaken(encodeEvent({ ...FULL, properties: { items: [{ a: 'b' }, 7, -7, 0, null, true, false, [], {}] } }))).toBe(
      true,
    );
  });

  it('knows every field, whatever rows are added', () => {
    const values = { instant: NOW, text: 'x', amount: 1, currency: 'EUR', flag: true, object: {} } as const;
    const all = Object.fromEntries(FIELD_ROWS.map(([field, { type }]) => [field, values[type]])) as unknown as Event;
    expect(isTaken(encodeEvent(all))).toBe(true);
    for (const left of EVENT_FIELDS) {
      const line = encodeEvent({ ...all, [left]: undefined });
      expect([left, isTaken(line)]).toEqual([left, !('required' in FIELDS[left])]);
    }
  });

  it.each<[what: string, line: string]>([
    ['no line', ''],
    ['a number', '7'],
    ['a brace', '{'],
    ['no fields', '{}'],
    ['a key alone', '{"ts":'],
    ['spaces', encodeEvent(BARE).replace(',', ', ')],
    ['something behind it', `${encodeEvent(BARE)} `],
    ['another line behind it', `${encodeEvent(BARE)}${encodeEvent(BARE)}`],
    ['no end', encodeEvent(BARE).slice(0, -1)],
    ['a comma before the end', `${encodeEvent(BARE).slice(0, -1)},}`],
    ['another order', '{"type":"page","ts":1,"id":"e","userId":"u","receivedAt":1,"source":"s"}'],
    ['a field twice', encodeEvent(BARE).replace(',"id"', ',"type":"other","id"')],
    ['a field that is unknown', encodeEvent(BARE).replace('"source"', '"sauce":"x","source"')],
    ['an escape', lineOf({ campaign: 'a\nb' })],
    ['a quote in a text', lineOf({ campaign: 'a"b' })],
    ['a control character', encodeEvent(BARE).replace('page', 'pa\tge')],
    ['DEL', encodeEvent(BARE).replace('page', 'pa\u007fge')],
    ['an empty text', lineOf({ type: '' })],
    ['a long text', lineOf({ type: 'x'.repeat(129) })],
    ['a long page', lineOf({ page: 'x'.repeat(2_049) })],
    ['an id that is not ASCII', lineOf({ id: 'é' })],
    ['a reserved channel', lineOf({ channel: '(null)' })],
    ['a null', lineOf({ campaign: null })],
    ['no user', JSON.stringify({ ...BARE, userId: undefined })],
    ['a negative instant', lineOf({ ts: -1 })],
    ['an instant beyond the last', lineOf({ receivedAt: MAX_INSTANT_MS + 1 })],
    ['an instant far ahead of its receipt', lineOf({ ts: NOW + DAY_MS + 1 })],
    ['a receipt far ahead of the log', lineOf({ receivedAt: NOW + DAY_MS + 1 })],
    ['an amount beyond its bound', lineOf({ value: 1_000_000_000_001 })],
    ['an amount below its bound', lineOf({ cost: -1 })],
    ['half a minor unit', lineOf({ value: 0.5 })],
    ['a number of 17 digits', encodeEvent(BARE).replace(`"receivedAt":${NOW}`, '"receivedAt":00001795000000000')],
    ['a padded number', encodeEvent({ ...BARE, value: 1 }).replace('"value":1', '"value":01')],
    ['a minus alone', encodeEvent({ ...BARE, value: 1 }).replace('"value":1', '"value":-')],
    ['no currency', lineOf({ currency: 'Eur' })],
    ['a long currency', lineOf({ currency: 'EURO' })],
    ['a flag that is false', lineOf({ historical: false })],
    ['properties that are a list', lineOf({ properties: [] })],
    ['properties that nest too deep', lineOf({ properties: nested(9) })],
    ['lists that nest too deep', `${encodeEvent(BARE).slice(0, -1)},"properties":{"a":${'['.repeat(8)}${']'.repeat(8)}}}`],
    ['brackets that do not match', `${encodeEvent(BARE).slice(0, -1)},"properties":{"a":[1}}}`],
    ['a comma too many', `${encodeEvent(BARE).slice(0, -1)},"properties":{"a":1,}}`],
    ['a list with a comma too many', `${encodeEvent(BARE).slice(0, -1)},"properties":{"a":[1,]}}`],
    ['a member without a value', `${encodeEvent(BARE).slice(0, -1)},"properties":{"a"}}`],
    ['a point without a digit', `${encodeEvent(BARE).slice(0, -1)},"properties":{"a":1.}}`],
    ['a point at the beginning', `${encodeEvent(BARE).slice(0, -1)},"properties":{"a":.5}}`],
    ['a padded number in properties', `${encodeEvent(BARE).slice(0, -1)},"properties":{"a":-01}}`],
    ['an exponent', lineOf({ properties: { a: 1e30 } })],
    ['a word that JSON lacks', `${encodeEvent(BARE).slice(0, -1)},"properties":{"a":nul}}`],
  ])('leaves to the decoder: %s', (_, line) => {
    expect(plainOf(line)).toBeUndefined();
  });

  it('takes values at their bounds', () => {
    const atBounds: Partial<Record<Field, unknown>>[] = [
      ...FIELD_ROWS.flatMap(([field, row]) => ('maxLength' in row ? [{ [field]: 'x'.repeat(row.maxLength) }] : [])),
      { value: 1_000_000_000_000 },
      { value: -1_000_000_000_000 },
      { value: 0 },
      { ts: 0 },
      { ts: NOW + DAY_MS },
      { receivedAt: NOW + DAY_MS },
      { properties: nested(8) },
    ];
    for (const changes of atBounds)
      expect([changes, isTaken(encodeEvent({ ...BARE, ...changes } as Event))]).toEqual([changes, true]);
  });

  it('reads a line of a partition that its user is not of as the decoder does: as one that lies elsewhere', () => {
    const home = partitionOf('anna', 16);
    expect(isTaken(encodeEvent(BARE), home, 16)).toBe(true);
    expect(plainOf(encodeEvent(BARE), (home + 1) % 16, 16)).toBeUndefined();
  });

  it('reads any line of a text, and nothing of what the text before it held', () => {
    const long = encodeEvent({ ...FULL, campaign: 'c'.repeat(500) });
    reader.open(`${long}\n${long}`);
    const [first, second] = [encodeEvent({ ...BARE, id: 'e-7' }), encodeEvent({ ...BARE, id: 'e-8', userId: 'bert' })];
    expect(reader.open(`${first}\n${second}`)).toBe(first.length + second.length + 1);
    expect(reader.read(0, first.length, 0, 1, NOW)?.event.id).toBe('e-7');
    const at = first.length + 1;
    expect(reader.read(at, at + second.length, 0, 1, NOW)).toMatchObject({ event: { id: 'e-8' }, userKey: 'bert' });
    for (let cut = 0; cut < first.length; cut++) {
      reader.open(long);
      expect(reader.read(0, reader.open(first.slice(0, cut)), 0, 1, NOW)).toBeUndefined();
    }
  });

  it('says of a long text that is not ASCII that it did not take it in', () => {
    const whole = encodeEvent(FULL);
    const fresh = createPlainLineReader();
    expect(fresh.open(`${whole}${'é'.repeat(100_000)}`)).toBe(-1);
    expect(fresh.open(whole)).toBe(Buffer.byteLength(whole));
  });

  it('law 7: takes, of any line, no other than the decoder takes, with the same values', () => {
    let taken = 0;
    let read = 0;
    fc.assert(
      fc.property(anyLine(), fc.constantFrom(0, NOW, NOW * 2), (line, appendedMs) => {
        read++;
        if (isTaken(line, 0, 1, appendedMs)) taken++;
      }),
      { numRuns: 5_000 },
    );
    expect(taken).toBeGreaterThan(read / 10);
  });

  it('law 7: takes a line where it lies among others where it takes it alone, and no byte behind it', () => {
    const next = encodeEvent({ ...BARE, id: 'next', userId: 'bert' });
    const place = createPlainLineReader();
    let taken = 0;
    fc.assert(
      fc.property(anyLine(), (line) => {
        if (!line.isWellFormed()) return;
        const whole = Buffer.from(`${line}\n${next}\n`);
        place.openBytes(whole, whole.length === line.length + next.length + 2);
        const plain = plainOf(line);
        const end = Buffer.byteLength(line);
        expect(place.eventEnd(0, NOW)).toBe(plain === undefined ? -1 : end);
        if (plain === undefined) return;
        taken++;
        expect(whole.toString('utf8', place.userFrom(), place.userTo())).toBe(plain.userKey);
        expect(place.eventEnd(end + 1, NOW)).toBe(whole.length - 1);
        expect(whole.toString('utf8', place.userFrom(), place.userTo())).toBe('bert');
      }),
      { numRuns: 2_000 },
    );
    expect(taken).toBeGreaterThan(200);
    // What is opened next does not change the bytes.
    const bytes = Buffer.from(`${next}\n`);
    place.openBytes(bytes, true);
    place.open(encodeEvent(BARE));
    expect(bytes.toString()).toBe(`${next}\n`);
    for (const open of [next, `${next} \n`, `${next}}\n`, `${next.slice(0, -1)}\n${next}\n`]) {
      place.openBytes(Buffer.from(open), true);
      expect(place.eventEnd(0, NOW)).toBe(-1);
    }
  });

  it('keeps apart names that fall on one slot of its cache', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'é', 'ü', '-'), minLength: 1, maxLength: 9 }), { minLength: 40 }),
        (names) => {
          for (const campaign of names) expect(plainOf(encodeEvent({ ...BARE, campaign }))?.event.campaign).toBe(campaign);
        },
      ),
    );
    // Many times as many as it has slots: of those on one slot some differ in their last letters alone.
    const letters = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).filter((letter) => !'"\\'.includes(letter));
    for (const first of letters)
      for (const second of letters) {
        const campaign = `c${first}${second}`;
        expect(plainOf(encodeEvent({ ...BARE, campaign }))?.event.campaign).toBe(campaign);
      }
  });
});

/** Lines of any events, most of them valid, whole and damaged. */
function anyLine(): fc.Arbitrary<string> {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
  const ascii = fc.stringMatching(/^[ !#-[\]-~]{1,20}$/);
  const amount = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.double());
  const event = fc.record(
    {
      ts: fc.oneof(fc.integer({ min: 0, max: NOW }), fc.constant(NOW + 2 * DAY_MS), fc.double()),
      type: ascii,
      id: fc.oneof(ascii, text),
      userId: fc.oneof(ascii, text),
      anonymousId: text,
      receivedAt: fc.oneof(fc.constant(NOW), fc.maxSafeInteger()),
      source: text,
      channel: fc.oneof(ascii, text, fc.constant('(start)')),
      campaign: text,
      cost: amount,
      value: amount,
      currency: fc.constantFrom('EUR', 'USD', 'eur', 'X'),
      page: text,
      historical: fc.boolean(),
      properties: fc.oneof(
        fc.object({ maxDepth: 3 }),
        fc.object({ maxDepth: 10 }),
        fc.dictionary(ascii, fc.oneof(ascii, fc.integer(), fc.double())),
      ),
    },
    { requiredKeys: ['ts', 'type', 'id', 'receivedAt', 'source'] },
  );
  const valid = fc.record(
    { userId: ascii, campaign: text, value: fc.integer(), properties: fc.dictionary(ascii, fc.oneof(text, fc.integer())) },
    { requiredKeys: [] },
  );
  const line = fc.oneof(
    event.map((fields) => encodeEvent(fields as unknown as Event)),
    valid.map((fields) => encodeEvent({ ...BARE, ...fields } as Event)),
  );
  const damage = fc.record({
    at: fc.nat(400),
    length: fc.nat(3),
    by: fc.constantFrom('', '"', '\\', ',', '}', '{', '[', '0', '-', '.', 'e', ' ', '\t', '\u007f', 'é', '1'),
  });
  return fc
    .tuple(line, fc.array(damage, { maxLength: 2 }))
    .map(([whole, damages]) =>
      damages.reduce(
        (left, { at, length, by }) => left.slice(0, at % (left.length + 1)) + by + left.slice((at % (left.length + 1)) + length),
        whole,
      ),
    );
}

function nested(levels: number): Record<string, unknown> {
  return levels === 1 ? {} : { a: nested(levels - 1) };
}
