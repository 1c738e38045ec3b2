import { type Event, encodeEvent } from '@tributary/model/event';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newestSignals } from './signals.ts';

const event = (ts: number, id: string, type = 'view'): Event => ({ ts, id, type, userId: 'u', receivedAt: ts, source: 's' });
const recordOf = (events: Event[]) => Buffer.from(events.map((e) => `${encodeEvent(e)}\n`).join(''));
const idsOf = (events: Event[], selection: Parameters<typeof newestSignals>[1]) =>
  newestSignals(recordOf(events), selection).map((slice) => slice.id);

describe('signals of a record', () => {
  it('come newest first, whatever their order of arrival', () => {
    expect(idsOf([event(2, 'b'), event(3, 'c'), event(1, 'a')], { limit: 2 })).toEqual(['c', 'b']);
  });

  it('law 3: a duplicate id is one signal, the first arrival', () => {
    expect(idsOf([event(1, 'a'), event(5, 'a'), event(2, 'b')], { limit: 9 })).toEqual(['b', 'a']);
  });

  it('are the stored bytes', () => {
    const one = { ...event(1, 'a', 'quo"te\\'), properties: { text: 'ü\n"id":"zz"' } };
    const record = recordOf([one]);
    const [slice] = newestSignals(record, { limit: 1, names: new Set(['quo"te\\']) });
    expect(JSON.parse(record.subarray(slice?.start, slice?.end).toString())).toEqual(one);
  });

  it('equal a plain parse, filter, deduplicate and sort', () => {
    const events = fc.array(
      fc.record({
        ts: fc.integer({ min: 0, max: 20 }),
        id: fc.string({ minLength: 1, maxLength: 2, unit: fc.constantFrom('a', 'b', ',', ':', '}') }),
        type: fc.constantFrom('x', 'y', 'z"', '\\', 'ü'),
      }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(events, fc.integer({ min: 1, max: 10 }), fc.integer({ min: 0, max: 20 }), (raw, limit, fromMs) => {
        const all = raw.map((r) => event(r.ts, r.id, r.type));
        const names = new Set(['x', 'z"', '\\']);
        const seen = new Set<string>();
        const expected = all
          .filter((e) => !seen.has(e.id) && seen.add(e.id))
          .filter((e) => e.ts >= fromMs && names.has(e.type))
          .sort((a, b) => b.ts - a.ts || (a.id < b.id ? 1 : -1))
          .slice(0, limit);
        const record = recordOf(all);
        const got = newestSignals(record, { limit, names, fromMs }).map((s) =>
          JSON.parse(record.subarray(s.start, s.end).toString()),
        );
        expect(got.map((e) => e.ts)).toEqual(expected.map((e) => e.ts));
        expect(new Set(got.map((e) => e.id))).toEqual(new Set(expected.map((e) => e.id)));
      }),
    );
  });
});
