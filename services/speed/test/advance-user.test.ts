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

const events = fc.array(fc.record({ type: fc.constantFrom('a', 'b', 'c'), hours: fc.nat(240), laterHours: fc.nat(60) }), {
  maxLength: 12,
});

test('law 7: where nothing is said of segments as much is counted as would be said, and all else is the same', () => {
  const segments = watchedSegments(definitions, sha256Hex);
  if (segments === null) throw new Error('there are two');
  let counted = 0;
  const hourMs = DAY_MS / 24;
  fc.assert(
    fc.property(events, fc.nat(40), (all, restHours) => {
      const [telling, silent] = [true, false].map((says) => {
        const user = { marks: segments.list.map((): number[] => []), dueMs: Number.POSITIVE_INFINITY };
        let logTimeMs = 0;
        const seen = all.map(({ type, hours, laterHours }, number) => {
          logTimeMs = Math.max(logTimeMs, (hours + laterHours) * hourMs);
          const event = { ts: hours * hourMs, type, id: `e${number}`, userId: 'ann', receivedAt: logTimeMs, source: 'test' };
          return { logTimeMs, cause: event.id, added: segments.marksOf(event), removed: [] };
        });
        const upToMs = logTimeMs + restHours * hourMs;
        const { lines, ...rest } = advanceUser(
          segments,
          user,
          { userKey: 'ann', afterMs: -1, upToMs, seen, isWhole: true, says },
          sha256Hex,
        );
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
