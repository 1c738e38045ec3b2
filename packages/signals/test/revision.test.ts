import fc from 'fast-check';
import { expect, test } from 'vitest';
import { revisionOf, transitionsWithin } from '../src/members/transitions.ts';

/** In order, without overlaps; one may begin where the one before ends. */
const someEpisodes = fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 3 })), { maxLength: 5 }).map((steps) => {
  let at = 0;
  return steps.map(([gap, length]) => {
    const from = at + gap;
    at = from + length;
    return { from, to: at };
  });
});

test('law 1: an event takes back of a segment what was said and does not hold, and adds what holds and was not said', () => {
  fc.assert(
    fc.property(someEpisodes, someEpisodes, fc.nat(4), fc.nat(25), (own, other, shared, atMs) => {
      const before = own;
      const from = own[Math.min(shared, own.length) - 1]?.to ?? 0;
      const after = [...own.slice(0, shared), ...other.map((one) => ({ from: one.from + from, to: one.to + from }))];
      const said = (episodes: typeof own) => transitionsWithin(episodes, Number.NEGATIVE_INFINITY, atMs);
      const isIn = (all: ReturnType<typeof said>, kind: string, at: number) =>
        all.some((one) => one.kind === kind && one.atMs === at);
      expect(revisionOf(before, after, atMs)).toEqual({
        takenBack: said(before).filter(({ kind, atMs: at }) => !isIn(said(after), kind, at)),
        added: said(after).filter(({ kind, atMs: at }) => !isIn(said(before), kind, at)),
      });
    }),
    { numRuns: 1_000 },
  );
});
