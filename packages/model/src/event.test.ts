import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeLine } from './decode-line.ts';
import { type Event, encodeEvent, lineTs } from './event.ts';
import { partitionOf } from './user-key.ts';
import { validateEvent, validateProperties } from './validate-event.ts';

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
