import { type Event, encodeEvent } from '@tributary/model/event';
import { processorMs } from '@tributary/testkit/stopwatch';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPlaces, newestSignals, placeNewest, type SignalSelection, signalId } from './signals.ts';

const event = (ts: number, id: string, type = 'view'): Event => ({ ts, id, type, userId: 'u', receivedAt: ts, source: 's' });
const recordOf = (events: Event[]) => Buffer.from(events.map((e) => `${encodeEvent(e)}\n`).join(''));
const idsOf = (events: Event[], selection: SignalSelection) => {
  const record = recordOf(events);
  return newestSignals(record, selection).slices.map((slice) => signalId(record, slice));
};

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
    const [slice] = newestSignals(record, { limit: 1, names: new Set(['quo"te\\']) }).slices;
    expect(JSON.parse(record.subarray(slice?.start, slice?.end).toString())).toEqual(one);
  });

  it('law 3: a duplicate of a signal outside of the selection stays outside', () => {
    const others = Array.from({ length: 50 }, (_, i) => event(1_000 + i, `other-${i}`));
    const record = [event(1, 'first'), ...others, event(9_999, 'first'), event(9_998, 'z')];
    expect(idsOf(record, { limit: 2 })).toEqual(['z', 'other-49']);
    expect(idsOf(record, { limit: 2, fromMs: 9_000 })).toEqual(['z']);
  });

  it('law 3: ids of one hash and one length are different ids', () => {
    for (const [a, b] of collisions()) {
      expect(fnv(a)).toBe(fnv(b));
      expect(idsOf([event(1, a), event(2, b), event(3, a)], { limit: 9 })).toEqual([b, a]);
    }
  });

  it('law 7: ids that were chosen to crowd the table cost little more than others, and count once each', () => {
    const count = 30_000;
    const lines = 2 ** 16;
    /** Where an id is looked for first in the table of a record of this size. */
    const placeOf = (id: string) => (fnv(id) ^ (fnv(id) >>> 15)) & (2 * lines - 1);
    const named = (from: number, isTaken: (id: string) => boolean) => {
      const ids: string[] = [];
      for (let i = from; ids.length < count; i++) {
        const id = i.toString(36).padStart(8, '0');
        if (isTaken(id)) ids.push(id);
      }
      return ids;
    };
    const took = (ids: readonly string[]) => {
      const record = recordOf([...ids, ...ids.slice(-1_000)].map((id, i) => event(i, id)));
      newestSignals(record, { limit: 1 });
      return processorMs(() => expect(newestSignals(record, { limit: 2 * count }).slices).toHaveLength(count));
    };
    const plainMs = took(named(1_000_000, () => true));
    const crowd = named(0, (id) => placeOf(id) < count / 4);
    expect(took(crowd)).toBeLessThan(20 * plainMs + 50);
  });

  it('of a long record are found after a short one, and the other way round', () => {
    const long = Array.from({ length: 5_000 }, (_, i) => event(i, `id-${i}`));
    expect(idsOf([event(1, 'a')], { limit: 1 })).toEqual(['a']);
    expect(idsOf(long, { limit: 2 })).toEqual(['id-4999', 'id-4998']);
    expect(idsOf([event(1, 'id-4999')], { limit: 5 })).toEqual(['id-4999']);
    expect(idsOf([...long, ...long], { limit: 9_999 })).toHaveLength(5_000);
  });

  it('law 3: equal a plain parse, filter, deduplicate and sort, at any limit, range and page', () => {
    const raw = fc.record({
      ts: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(1_790_000_000_000, 9_999_999_999_999)),
      id: fc.oneof(
        fc.string({ minLength: 1, maxLength: 2, unit: fc.constantFrom('a', 'b', ',', ':', '}', ' ') }),
        fc.string({ minLength: 1, maxLength: 40, unit: fc.constantFrom('x', '-', '~') }),
      ),
      type: fc.constantFrom('x', 'y', 'z"', '\\', '\\"', 'ü', '\\u0022'),
    });
    // In order of time as most records are, and in any order.
    const events = fc.oneof(
      fc.array(raw, { maxLength: 40 }),
      fc.array(raw, { maxLength: 40 }).map((all) => all.sort((a, b) => a.ts - b.ts || (a.id < b.id ? -1 : 1))),
    );
    const selection = fc.record(
      {
        limit: fc.integer({ min: 1, max: 45 }),
        fromMs: fc.integer({ min: 0, max: 20 }),
        toMs: fc.constantFrom(5, 15, 1_790_000_000_000),
        names: fc.subarray(['x', 'z"', '\\', 'ü', 'absent']).map((list) => new Set(list)),
        before: fc.record({ ts: fc.integer({ min: 0, max: 20 }), id: fc.constantFrom('a', 'ab', 'b:', 'x') }),
      },
      { requiredKeys: ['limit'] },
    );
    // Those of each record behind those of all before: more than there is room for at first.
    const places = createPlaces();
    let before = 0;
    fc.assert(
      fc.property(events, selection, (raws, asked) => {
        const all = raws.map((r) => event(r.ts, r.id, r.type));
        const record = recordOf(all);
        const got = newestSignals(record, asked).slices;
        const expected = plainly(all, asked);
        expect(got.map((slice) => JSON.parse(record.subarray(slice.start, slice.end).toString()))).toEqual(expected);
        expect(got.map((slice) => [slice.ts, signalId(record, slice)])).toEqual(expected.map((e) => [e.ts, e.id]));
        const { first, count, oldestTs, hasMarks } = placeNewest(record, asked, places);
        const placed = Array.from({ length: count }, (_, i) => [places.starts[first + i], places.ends[first + i]]);
        expect(placed).toEqual(got.map(({ start, end }) => [start, end]));
        expect({ first, oldestTs, hasMarks }).toEqual({ first: before, oldestTs: expected.at(-1)?.ts, hasMarks: false });
        before += count;
        expect(places.length).toBe(before);
      }),
      { numRuns: 1_000 },
    );
  });
});

function plainly(all: Event[], { limit, fromMs = 0, toMs = Number.POSITIVE_INFINITY, names, before }: SignalSelection): Event[] {
  const seen = new Set<string>();
  return all
    .filter((e) => !seen.has(e.id) && seen.add(e.id))
    .filter((e) => e.ts >= fromMs && e.ts < toMs && (names === undefined || names.has(e.type)))
    .filter((e) => before === undefined || e.ts < before.ts || (e.ts === before.ts && e.id < before.id))
    .sort((a, b) => b.ts - a.ts || (a.id < b.id ? 1 : -1))
    .slice(0, limit);
}

function fnv(id: string): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  return hash;
}

/** Ids in hexadecimal until three pairs of a length collide: some 2^17 of them do. */
function collisions(): [string, string][] {
  const byHash = new Map<number, string>();
  const pairs: [string, string][] = [];
  for (let i = 0; pairs.length < 3 && i < 2_000_000; i++) {
    const id = Math.imul(i, 0x9e3779b1).toString(36).padStart(8, '0');
    const other = byHash.get(fnv(id));
    if (other !== undefined && other !== id) pairs.push([other, id]);
    byHash.set(fnv(id), id);
  }
  expect(pairs).toHaveLength(3);
  return pairs;
}
