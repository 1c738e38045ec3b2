/**
 * Laws 1, 3 and 4 of what leaves through the outbox: whatever dies between, the output log holds every line at least once, the same
 * id is the same line, and the newest line of each conversion is its credit, which sums to what `naive` finds. Law 9: what an erased user had is taken back.
 */
import { encodeEvent } from '@tributary/model/event';
import type { OutputKinds } from '@tributary/speed/partitions/partition-run';
import { arbitraryLog } from '@tributary/testkit/inputs/arbitrary-log';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { createMemoryLog, type MemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import type { RowsByView } from '@tributary/views/deltas';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPublisher } from '../../services/speed/src/outbox/publisher.ts';
import { createSpeedWorker } from '../../services/speed/src/pipeline.ts';
import { simulateAdoption } from './adoption-world.ts';
import { type Heard, heardOf } from './heard.ts';

const PARTITION = new Set([0]);
const COUNTED_ONCE = {
  buy: { onceBy: 'properties.order_id', withinDays: 0.2 },
  'Order Completed': { onceBy: 'properties.cart.id' },
};
const choices = fc
  .tuple(fc.boolean(), fc.boolean())
  .map(([resetOnConversion, once]) =>
    definitionsOf({ ...SMALL_DEFINITIONS, ...(once && { conversions: COUNTED_ONCE }), attribution: { resetOnConversion } }),
  );
/** More conversions, all of one key, so that they repeat each other. */
const logs = arbitraryLog({ inTime: true }).map((events) =>
  events.map((event) => ({
    ...event,
    type: ['mail', 'page', 'scroll'].includes(event.type) ? 'buy' : event.type,
    properties: { order_id: 7, cart: { id: 'o' } },
  })),
);
let takenBack = 0;

test('the newest line of each conversion is its credit, or takes it back; a line sent again is known by its id', async () => {
  await fc.assert(
    fc.asyncProperty(logs, choices, fc.nat(), async (events, definitions, seed) => {
      const random = createRandom(seed);
      const log = createMemoryLog({ partitions: 1 });
      for (const event of events) await log.append(0, { kind: 'events', body: encodeEvent(event) });
      const outputs = createMemoryLog({ partitions: 1 });
      const store = createMemoryStore({ partitions: 1 });
      let commits = 0;
      const newWorker = () =>
        createSpeedWorker({
          log,
          store: store.speed(undefined, () => (random.chance(0.2) ? (random.chance(0.5) ? 'lostReply' : 'notApplied') : 'none')),
          definitions,
          partitions: [0],
          sha256Hex,
          digestOf: sha256Hex,
          commitId: () => `${++commits}`,
          limits: { maxEntries: random.between(1, 6), waitMs: 0, outputs: 'all' },
        });
      for (let lives = 0, rounds = 0; lives <= 6 || rounds > 0; lives++) {
        const worker = newWorker();
        rounds = 0;
        while ((lives >= 6 || random.chance(0.7)) && (await worker.runOnce()) > 0) rounds++;
        await worker.settle();
        await publishAll(store, outputs, lives < 6 ? random : null);
        // A store that lost writes and a log that is read again say the same lines again.
        if (lives === 2) await loseWrites(store, newWorker, outputs, random);
      }
      // The last of the faults may strike now.
      while ((await store.outbox().length(0)) > 0) await publishAll(store, outputs, null);
      check(await textsOf(outputs), events, definitions);
    }),
    { numRuns: 150 },
  );
  expect(takenBack).toBeGreaterThan(10);
});

async function loseWrites(
  store: ReturnType<typeof createMemoryStore>,
  newWorker: () => ReturnType<typeof createSpeedWorker>,
  outputs: MemoryLog,
  random: ReturnType<typeof createRandom>,
): Promise<void> {
  const before = store.snapshot(0);
  const worker = newWorker();
  await worker.runOnce();
  await worker.settle();
  await publishAll(store, outputs, random);
  store.restore(0, before);
}

/** `random`: the publisher dies now and then, before or after the output log took what it sent. */
async function publishAll(
  store: ReturnType<typeof createMemoryStore>,
  outputs: MemoryLog,
  random: ReturnType<typeof createRandom> | null,
): Promise<void> {
  const stop = new AbortController();
  const outbox = store.outbox();
  if (random?.chance(0.3)) outputs.failNextAppend(random.chance(0.5) ? 'reply-lost' : 'not-applied');
  const dies = random?.chance(0.3) === true;
  const publisher = createPublisher({
    outbox: {
      ...outbox,
      async read(partition, max) {
        const read = await outbox.read(partition, max);
        if (read.lines.length === 0) stop.abort();
        return read;
      },
      remove: async (partition, upTo) => (dies ? Promise.reject(new Error('killed')) : outbox.remove(partition, upTo)),
    },
    log: outputs,
    assigned: () => PARTITION,
    maxLines: random?.between(1, 4) ?? 3,
    maxLength: 500,
    idleMs: 0,
    onError: () => stop.abort(),
  });
  await publisher.run(stop.signal);
}

async function textsOf(outputs: MemoryLog): Promise<string[]> {
  const entries = await outputs.read(new Map([[0, null]]), { maxEntries: 100_000, waitMs: 0 });
  return entries.flatMap(({ body }) => body.split('\n'));
}

function check(texts: readonly string[], events: Parameters<typeof naive>[0], definitions: Parameters<typeof naive>[1]): void {
  const { lines, credit } = heardOf([texts], 'name');
  const enriched = lines.filter(({ type }) => type === 'event.enriched').map(({ userKey, id }) => JSON.stringify([userKey, id]));
  expect(new Set(enriched)).toEqual(new Set(events.map(({ userId, id }) => JSON.stringify([userId, id]))));
  takenBack += lines.filter(({ type }) => type === 'conversion.repeated').length;
  demandCredit(credit, naive(events, definitions));
}

function demandCredit(heard: RowsByView, truth: RowsByView): void {
  const creditOf = (rows: RowsByView) => new Map([['credit', rows.get('credit') ?? new Map()]]);
  expect(differences(creditOf(heard), creditOf(truth))).toEqual([]);
}

test('laws 1, 3 and 9: with keys joined and users erased, the newest lines sum to what counts, and none of a user follows the line that they are erased', async () => {
  const met: Record<string, number> = {};
  const kinds: readonly OutputKinds[] = ['conversions', 'conversions', 'all', 'segments'];
  for (let seed = 0; seed < 15; seed++) {
    const outputs = kinds[seed % kinds.length] as OutputKinds;
    await simulateAdoption(seed, 260, {
      outputs,
      onHeard({ texts, truth, erased, lifted }) {
        const names = ({ lines }: Heard) => lines.map(({ type, userKey, id }) => JSON.stringify([type, userKey, id])).sort();
        // What comes again is the same by its number as by its name, but for lines of segments and what comes among them.
        const isNumbered = outputs === 'conversions';
        if (isNumbered) expect(names(heardOf(texts, 'number'))).toEqual(names(heardOf(texts, 'name')));
        for (const by of isNumbered ? (['name', 'number'] as const) : (['name'] as const)) {
          const { lines, credit } = heardOf(texts, by);
          demandCredit(credit, truth);
          for (const { type } of lines) met[type] = (met[type] ?? 0) + 1;
          expect(lines.filter(({ type }) => type === 'user.erased')).toHaveLength(erased);
          if (lifted > 0) continue;
          const gone = new Set<string>();
          for (const { type, userKey } of lines)
            if (type === 'user.erased') gone.add(userKey);
            else expect(gone).not.toContain(userKey);
        }
      },
    });
  }
  for (const [type, least] of Object.entries({ 'user.erased': 30, 'conversion.moved': 40, 'conversion.repeated': 3 }))
    expect(met[type], type).toBeGreaterThan(least);
});
