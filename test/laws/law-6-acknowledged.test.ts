import { type Event, encodeEvent } from '@tributary/model/event';
import { arbitraryLog } from '@tributary/testkit/inputs/arbitrary-log';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { type AppendFault, createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { merge, speedFold } from './speed-fold.ts';

const definitions = definitionsOf(SMALL_DEFINITIONS);
const fault = fc.constantFrom<AppendFault | null>(null, null, 'reply-lost', 'not-applied', 'duplicated');

test('law 6: whatever appends fail, what was acknowledged is in the log, and sent until acknowledged it counts once', async () => {
  await fc.assert(
    fc.asyncProperty(
      arbitraryLog({ inTime: true, duplicates: false }),
      fc.array(fault, { maxLength: 40 }),
      async (events, faults) => {
        const log = createMemoryLog({ partitions: 1 });
        const acknowledged: string[] = [];
        const queue = faults.slice();
        for (const event of events) {
          for (let sent = false; !sent; ) {
            const next = queue.shift() ?? null;
            if (next !== null) log.failNextAppend(next);
            sent = await log.append(0, { kind: 'events', body: encodeEvent(event) }).then(
              () => true,
              () => false,
            );
          }
          acknowledged.push(event.id);
        }
        const entries = await log.read(new Map([[0, null]]), { maxEntries: 1_000, waitMs: 0 });
        const logged = entries.map(({ body }) => JSON.parse(body) as Event);
        expect(new Set(logged.map(({ id }) => id))).toEqual(new Set(acknowledged));
        expect(differences(merge(new Map(), speedFold(logged, { definitions }), 0), naive(events, definitions))).toEqual([]);
      },
    ),
    { numRuns: 200 },
  );
});
