import { DAY_MS } from '@tributary/model/time';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { readDefinitions } from '@tributary/signals/definitions/file';
import { watchedSegments } from '@tributary/signals/members/watched';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { advanceUser } from '../src/segments/advance-user.ts';

const definitions = readDefinitions(
  JSON.stringify({
    segments: {
      hot: { enter: "type == 'a'", refresh: "type == 'b'", exit: "type == 'c'", ttl: '2d' },
      away: { enter: "type == 'b'", absence: { not: "type == 'b'", for: '1d' }, ttl: '3d' },
    },
  }),
  sha256Hex,
);

/** Some so far from the others that those are past all that is looked at. */
const hours = fc.oneof({ weight: 3, arbitrary: fc.nat(240) }, { weight: 1, arbitrary: fc.nat(3_000) });
const events = fc.array(fc.record({ type: fc.constantFrom('a', 'b', 'c'), hours, laterHours: fc.nat(60) }), { maxLength: 12 });

const HOUR_MS = DAY_MS / 24;

const known = watchedSegments(definitions, sha256Hex);
if (known === null) throw new Error('there are two');
const segments = known;

function newUser() {
  return { marks: segments.list.map((): number[] => []), dueMs: Number.POSITIVE_INFINITY };
}

/** Each with the log time that it brings. */
function seenOf(all: readonly { readonly type: string; readonly hours: number; readonly laterHours: number }[]) {
  let logTimeMs = 0;
  return all.map(({ type, hours: at, laterHours }, number) => {
    logTimeMs = Math.max(logTimeMs, (at + laterHours) * HOUR_MS);
    const event = { ts: at * HOUR_MS, type, id: `e${number}`, userId: 'ann', receivedAt: logTimeMs, source: 'test' };
    return { logTimeMs, cause: event.id, added: segments.marksOf(event), removed: [] };
  });
}

test('law 7: where nothing is said of segments as much is counted as would be said, and all else is the same', () => {
  let counted = 0;
  fc.assert(
    fc.property(events, fc.nat(40), (all, restHours) => {
      const seen = seenOf(all);
      const upToMs = (seen.at(-1)?.logTimeMs ?? 0) + restHours * HOUR_MS;
      const [telling, silent] = [true, false].map((says) => {
        const user = newUser();
        const advance = { userKey: 'ann', afterMs: -1, upToMs, seen, isWhole: true, fell: null, says };
        const { lines, ...rest } = advanceUser(segments, user, advance, sha256Hex);
        return { lines, rest, user };
      });
      expect(telling?.lines).toHaveLength(telling?.rest.said ?? Number.NaN);
      expect(silent?.lines).toEqual([]);
      expect([silent?.rest, silent?.user]).toEqual([telling?.rest, telling?.user]);
      counted += silent?.rest.said ?? 0;
    }),
  );
  expect(counted).toBeGreaterThan(200);
});

test('law 1: events of one commit say of segments what they say in a commit each', () => {
  fc.assert(
    fc.property(events, (all) => {
      const seen = seenOf(all);
      const given = { userKey: 'ann', isWhole: true, fell: null, says: true };
      const upToMs = seen.at(-1)?.logTimeMs ?? 0;
      const together = newUser();
      const { lines } = advanceUser(segments, together, { ...given, afterMs: -1, upToMs, seen }, sha256Hex);
      const alone = newUser();
      let afterMs = -1;
      const each = seen.flatMap((one) => {
        const advance = { ...given, afterMs, upToMs: one.logTimeMs, seen: [one] };
        afterMs = one.logTimeMs;
        return advanceUser(segments, alone, advance, sha256Hex).lines;
      });
      expect([each, alone.marks]).toEqual([lines, together.marks]);
    }),
  );
});
