import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Event, encodeEvent, lineTs } from './event.ts';
import { decodeLine } from './reading/decode-line.ts';
import { validateEvent, validateProperties } from './reading/validate-event.ts';
import { partitionOf } from './user-key.ts';

const valid: Event = { ts: 5, type: 't', id: 'i', userId: 'u', receivedAt: 5, source: 's' };

describe('the canonical line', () => {
  it('begins with ts, type and id, whatever order the event was built in', () => {
    expect(encodeEvent({ source: 's', receivedAt: 5, userId: 'u', id: 'i', type: 't', ts: 5 })).toBe(
      '{"ts":5,"type":"t","id":"i","userId":"u","receivedAt":5,"source":"s"}',
    );
    expect(lineTs(encodeEvent(valid))).toBe(5);
    expect(lineTs('{"type":"t","ts":5}')).toBeNaN();
  });

  it('never holds a newline, and decodes to the event it was made of', () => {
    fc.assert(
      fc.property(
        fc.object({ maxDepth: 3 }),
        fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }),
        (properties, campaign) => {
          const event: Event = { ...valid, campaign, properties: JSON.parse(JSON.stringify(properties)) };
          const line = encodeEvent(event);
          expect(line).not.toContain('\n');
          const decoded = decodeLine(line, partitionOf('u', 16), 16, Number.MAX_SAFE_INTEGER);
          if (validateEvent(event).ok) expect(decoded).toMatchObject({ ok: true, userKey: 'u', event });
        },
      ),
    );
  });

  it('is parked when it is found in a partition that is not its user’s', () => {
    expect(decodeLine(encodeEvent(valid), (partitionOf('u', 16) + 1) % 16, 16, Number.MAX_SAFE_INTEGER)).toMatchObject({
      ok: false,
      code: 'undecodable_record',
    });
  });

  it('decoding never throws, whatever the record', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.json().map((json) => `{"ts":1,"x":${json}}`),
        ),
        (line) => {
          const decoded = decodeLine(line, 0, 1, Number.MAX_SAFE_INTEGER);
          expect(decoded.ok).toBe(false);
        },
      ),
    );
  });
});

describe('the structural check', () => {
  it.each([
    [{ ts: Number.NaN }, 'invalid_field'],
    [{ ts: 1.5 }, 'invalid_field'],
    [{ ts: -1 }, 'invalid_field'],
    [{ ts: 2 ** 53 }, 'invalid_field'],
    [{ channel: '(start)' }, 'invalid_field'],
    [{ channel: '(unattributed)' }, 'invalid_field'],
    [{ ts: '5' }, 'invalid_field'],
    [{ ts: undefined }, 'missing_field'],
    [{ ts: 5 + 86_400_001 }, 'ts_in_future'],
    [{ id: '' }, 'invalid_field'],
    [{ id: 'ü' }, 'invalid_field'],
    [{ id: 'a"b' }, 'invalid_field'],
    [{ userId: undefined }, 'missing_user'],
    [{ userId: 7 }, 'invalid_field'],
    [{ userId: 'x'.repeat(257) }, 'invalid_field'],
    [{ userId: '\ud800' }, 'invalid_field'],
    [{ campaign: 'a\tb' }, 'invalid_field'],
    [{ cost: -1 }, 'invalid_field'],
    [{ value: 0.5 }, 'invalid_field'],
    [{ value: 2 ** 53 + 1 }, 'invalid_field'],
    [{ currency: 'eur' }, 'invalid_field'],
    [{ historical: false }, 'invalid_field'],
    [{ properties: [] }, 'invalid_field'],
  ])('rejects %j as %s', (change, code) => {
    expect(validateEvent({ ...valid, ...change })).toMatchObject({ ok: false, code });
  });

  it.each(['ts', 'type', 'id', 'receivedAt', 'source'])('names what is missing: %s', (field) => {
    const missing = { ok: false, code: 'missing_field', message: `${field} must be given (got nothing)` };
    expect(validateEvent({ ...valid, [field]: undefined })).toMatchObject(missing);
    expect(validateEvent(Object.fromEntries(Object.entries(valid).filter(([name]) => name !== field)))).toMatchObject(missing);
  });

  it.each([
    ['type', 128],
    ['id', 128],
    ['userId', 256],
    ['anonymousId', 256],
    ['source', 512],
    ['channel', 512],
    ['campaign', 512],
    ['creative', 512],
    ['page', 2_048],
    ['element', 512],
    ['keyId', 64],
  ])('takes %s of %i characters and no more, whatever order the fields come in', (field, length) => {
    const reversed = Object.fromEntries(Object.entries(valid).reverse());
    expect(validateEvent({ ...reversed, [field]: 'x'.repeat(length) })).toMatchObject({ ok: true });
    expect(validateEvent({ ...reversed, [field]: 'x'.repeat(length + 1) })).toEqual({
      ok: false,
      code: 'invalid_field',
      field,
      must: `have 1 to ${length} characters`,
      message: `${field} must have 1 to ${length} characters (got ${length + 1})`,
    });
  });

  it.each([
    ['ts', 0, 9_999_999_999_999],
    ['receivedAt', 0, 9_999_999_999_999],
    ['cost', 0, 1_000_000_000_000],
    ['value', -1_000_000_000_000, 1_000_000_000_000],
  ])('takes %s from %i to %i', (field, least, most) => {
    const late = { ...valid, ts: 0, receivedAt: most };
    expect(validateEvent({ ...late, [field]: least }).ok).toBe(true);
    expect(validateEvent({ ...late, [field]: most }).ok).toBe(true);
    expect(validateEvent({ ...late, [field]: least - 1 })).toMatchObject({ ok: false, code: 'invalid_field' });
    expect(validateEvent({ ...late, [field]: most + 1 })).toMatchObject({ ok: false, code: 'invalid_field' });
  });

  it('describes a value however deep it nests', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(validateEvent({ ...valid, campaign: deep })).toMatchObject({ ok: false, code: 'invalid_field' });
    expect(validateProperties({ a: deep })).toMatchObject({ ok: false, code: 'too_deep' });
  });

  it('takes an event 24 h ahead of its receipt, and refunds', () => {
    expect(validateEvent({ ...valid, ts: 5 + 86_400_000, value: -300, currency: 'EUR' })).toMatchObject({ ok: true });
  });

  it.each([
    [JSON.parse('{"a":{"__proto__":1}}'), 'forbidden_key'],
    [{ a: [{ constructor: 1 }] }, 'forbidden_key'],
    [{ a: 'x\udc00' }, 'invalid_field'],
    [{ a: 2 ** 53 }, 'invalid_field'],
    [{ a: [[[[[[[[1]]]]]]]] }, 'too_deep'],
  ])('finds what properties may not hold: %j', (properties, code) => {
    expect(validateProperties(properties)).toMatchObject({ ok: false, code });
  });
});
