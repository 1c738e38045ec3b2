import { encodeEvent } from '@tributary/model/event';
import { decodeLine } from '@tributary/model/reading/decode-line';
import { usersNamed } from '@tributary/model/reading/users-named';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalLine } from './foreign-event.ts';
import type { ForeignMessage } from './undecodable-line.ts';

const PLACE = { topic: 'shop', partition: 0 };
const RECEIVED = 1_700_000_000_000;
const message = (value: string | Buffer | null, headers: Record<string, string> = {}): ForeignMessage => ({
  key: 'k',
  value: typeof value === 'string' ? Buffer.from(value) : value,
  offset: 42,
  timestampMs: RECEIVED,
  headers: new Map(Object.entries(headers)),
});
const lineOf = (value: unknown, headers?: Record<string, string>) =>
  canonicalLine(message(JSON.stringify(value), headers), PLACE);
const eventOf = (line: string) => {
  const decoded = decodeLine(line, 0, 1, Number.MAX_SAFE_INTEGER);
  return decoded.ok ? decoded.event : decoded;
};

describe('the event of another producer', () => {
  it('plain JSON becomes the canonical line: receipt and absent fields come from the message', () => {
    expect(lineOf({ userId: 'u', type: 'click', value: null, historical: false })).toBe(
      encodeEvent({ ts: RECEIVED, type: 'click', id: 'shop-0-42', userId: 'u', receivedAt: RECEIVED, source: 'kafka' }),
    );
    expect(eventOf(lineOf({ properties: { a: 1 }, type: 't', ts: '2023-11-14T22:00:00Z', userId: 'u', id: 'x' }))).toEqual({
      ts: 1_699_999_200_000,
      type: 't',
      id: 'x',
      userId: 'u',
      receivedAt: RECEIVED,
      source: 'kafka',
      properties: { a: 1 },
    });
  });

  it('a CloudEvent in binary mode: attributes are fields, the value is its properties, the key its user', () => {
    const headers = {
      ce_specversion: '1.0',
      ce_id: '7',
      ce_source: '/shop',
      ce_type: 'order',
      ce_time: '2023-11-14T22:00:00.5Z',
      ce_value: '1999',
      ce_currency: 'EUR',
    };
    expect(eventOf(lineOf({ basket: 3 }, headers))).toEqual({
      ts: 1_699_999_200_500,
      type: 'order',
      id: '/shop|7',
      userId: 'k',
      receivedAt: RECEIVED,
      source: '/shop',
      value: 1999,
      currency: 'EUR',
      properties: { basket: 3 },
    });
  });

  const cloudEvent = { specversion: '1.0', id: '7', source: '/shop', type: 'order', time: '2023-11-14T22:00:00Z' };
  const inHeaders = Object.fromEntries(Object.entries(cloudEvent).map(([name, value]) => [`ce_${name}`, value]));
  const structured = { 'content-type': 'Application/CloudEvents+json; charset=utf-8' };

  it('a CloudEvent in structured mode, labelled or not, with its attributes as headers too or not, says the same as in binary mode', () => {
    const binary = lineOf({ basket: 3 }, { ...inHeaders, ce_value: '1999', 'content-type': 'application/json' });
    const whole = { ...cloudEvent, value: 1999, traceparent: '00-1', data: { basket: 3 } };
    expect(lineOf(whole, structured)).toBe(binary);
    expect(lineOf(whole)).toBe(binary);
    expect(lineOf(whole, { ...inHeaders, ...structured })).toBe(binary);
    expect(lineOf(whole, inHeaders), 'its content type lost').toBe(binary);
    expect(lineOf([whole], { ...inHeaders, ...structured }), 'a batch, which Kafka has not').toContain('"invalid_json"');
    expect(eventOf(binary)).toMatchObject({ id: '/shop|7', userId: 'k', value: 1999, properties: { basket: 3 } });
    expect(eventOf(lineOf({ ...whole, partitionkey: 'p' }))).toMatchObject({ userId: 'p' });
    expect(lineOf({ type: 't', userId: 'u' }, structured)).toContain('specversion must be');
  });

  it.each([
    ['no value', null],
    ['an empty one', Buffer.alloc(0)],
    ['null', 'null'],
  ])('a CloudEvent in binary mode without data: %s', (_, value) => {
    const event = eventOf(canonicalLine(message(value, inHeaders), PLACE));
    expect(event).toEqual({
      ts: 1_699_999_200_000,
      type: 'order',
      id: '/shop|7',
      userId: 'k',
      receivedAt: RECEIVED,
      source: '/shop',
    });
  });

  it('properties nest 8 levels deep, in every format', () => {
    const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) });
    const fates = (levels: number) => [
      lineOf({ type: 't', userId: 'u', properties: nested(levels) }),
      lineOf(nested(levels), inHeaders),
      lineOf([nested(levels - 2)], inHeaders),
      lineOf({ ...cloudEvent, data: nested(levels) }),
    ];
    for (const line of fates(8)) expect(eventOf(line)).toHaveProperty('properties');
    for (const line of fates(9)) expect(line).toMatch(/^{"undecodable":"too_deep"/);
  });

  it('our own message, its header lost on the way through another tool, is still the event that it was', () => {
    const event = { ts: 5, type: 't', id: 'i', userId: 'u', receivedAt: RECEIVED, source: 's', properties: { p: 1 } };
    const headers = { ce_specversion: '1.0', ce_id: 'i', ce_type: 't', ce_source: 's' };
    expect(lineOf(event, headers)).toBe(encodeEvent(event));
  });

  it.each([
    ['no value', null, 'invalid_json'],
    ['no JSON', 'hello', 'invalid_json'],
    ['no object', '[1]', 'invalid_json'],
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'invalid_json'],
    ['no user', '{"type":"t"}', 'missing_user'],
    ['an unknown field', '{"type":"t","userId":"u","colour":"red"}', 'invalid_field'],
    ['a poisoned prototype', '{"type":"t","userId":"u","properties":{"__proto__":{}}}', 'forbidden_key'],
    ['a lone surrogate', '{"type":"t","userId":"u","page":"\\ud800"}', 'invalid_field'],
    ['an integer beyond 2^53', '{"type":"t","userId":"u","properties":{"n":9007199254740993}}', 'invalid_field'],
    ['too much', JSON.stringify({ type: 't', userId: 'u', properties: { x: 'y'.repeat(33_000) } }), 'event_too_large'],
    ['history without a time', '{"type":"t","userId":"u","historical":true}', 'missing_field'],
  ])('%s: one line that readers park, with the reason', (_, value, code) => {
    const line = canonicalLine(message(value), PLACE);
    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toMatchObject({ undecodable: code, at: 'shop-0-42' });
    expect(decodeLine(line, 0, 1, Number.MAX_SAFE_INTEGER)).toMatchObject({ ok: false, code: 'undecodable_record' });
  });

  it('law 9: whose it is stays whole in headers that are cut', () => {
    const line = lineOf({ type: 't' }, { ce_long: 'x'.repeat(9_000), ce_userid: 'ada' });
    expect(usersNamed(line)).toContain('ada');
  });

  it('whatever arrives: one line, the same each time, valid or parked, never thrown', () => {
    const anything = fc.oneof(
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc.json().map((json) => Buffer.from(json)),
      fc
        .record(
          { type: fc.anything(), userId: fc.string(), ts: fc.anything(), id: fc.anything(), properties: fc.object() },
          { requiredKeys: [] },
        )
        .map((value) => Buffer.from(safeJson(value))),
    );
    const headers = fc.dictionary(
      fc.constantFrom('ce_specversion', 'ce_id', 'ce_source', 'ce_type', 'ce_time', 'ce_value', 'ce_userid'),
      fc.oneof(fc.string(), fc.constantFrom('1.0', '2023-11-14T22:00:00Z', '12')),
    );
    fc.assert(
      fc.property(anything, headers, fc.integer(), (value, given, timestampMs) => {
        const foreign = { ...message(value, given), timestampMs };
        const line = canonicalLine(foreign, PLACE);
        expect(line).not.toContain('\n');
        expect(line.isWellFormed()).toBe(true);
        expect(canonicalLine(foreign, PLACE)).toBe(line);
        expect(decodeLine(line, 0, 1, Number.MAX_SAFE_INTEGER).ok).toBe(!line.startsWith('{"undecodable"'));
      }),
    );
  });
});

function safeJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? `${inner}` : inner)) ?? 'null';
}
