/** Copies, at another instant, of events that are old enough to be retired: computed from nothing, each identity still counts once, by its first arrival. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { planRetirement } from '@tributary/archive/retention/plan';
import { createRequest } from '@tributary/archive/retention/requests';
import { retireEvents } from '@tributary/archive/retention/retire-events';
import { readRetired } from '@tributary/archive/retention/retired';
import { readSegments } from '@tributary/archive/segments';
import type { Event } from '@tributary/model/event';
import { DAY_MS } from '@tributary/model/time';
import { createRandom } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import type { RowsByView } from '@tributary/views/deltas';
import { expect, test } from 'vitest';
import { beforeOf, DEFINITIONS, generated, longAgo, nowBehind } from './old-and-young.ts';
import { createWorld, PARTITIONS, type World } from './world.ts';

/** Rows of days from an instant on. */
const from = (rows: RowsByView, ms: number): RowsByView =>
  new Map([...rows].map(([view, own]) => [view, new Map([...own].filter(([key]) => Date.parse(key.slice(0, 10)) >= ms))]));
const namedFiles = async ({ dataDir }: World) =>
  (await Promise.all(Array.from({ length: PARTITIONS }, (_, p) => readSegments(dataDir, p))))
    .flat(2)
    .flatMap(({ files }) => files);

/** Old events on days of their own; young ones; copies of either among the other, most behind what they copy. */
function eventsOf(seed: number) {
  const random = createRandom(seed);
  const old = longAgo(generated(2 * seed)).map((one, i) => ({ ...one, ts: one.ts - (i % 5) * DAY_MS }));
  const young = generated(2 * seed + 1);
  const nowMs = nowBehind(young);
  const oneOf = (events: readonly Event[]) => events[random.below(events.length)] as Event;
  const copyOf = ({ id, userId }: Event, { ts, receivedAt }: Event): Event => {
    const sent = old.find((one) => one.id === id && one.userId === userId) ?? (young.find((one) => one.id === id) as Event);
    return { ...sent, ts: ts + 1, receivedAt };
  };
  const again = Array.from({ length: 1 + random.below(3) }, () => copyOf(oneOf(old), oneOf(young)));
  const aged = copyOf(oneOf(young), oneOf(old));
  return { old, again, young, aged, nowMs };
}

async function ask({ dataDir }: World, nowMs: number) {
  const before = beforeOf(nowMs);
  const planned = await planRetirement(dataDir, { before, definitions: DEFINITIONS, signal: new AbortController().signal });
  const { files, rows, bytes } = planned;
  await createRequest(dataDir, { before, at: nowMs, by: 'ana', planned: { files, rows, bytes } });
  return planned;
}

test.each([1, 2, 3, 4, 5])(
  'law 3: what came again at another instant counts once where generations are lost, as the file of its first arrival stays (seed %i)',
  async (seed) => {
    const { old, again, young, aged, nowMs } = eventsOf(seed);
    const world = await createWorld(DEFINITIONS);
    const at = { now: () => nowMs };
    try {
      for (const events of [old, young.slice(0, 20), [...young.slice(20), ...again], [aged], [{ ...aged, id: 'last' }]]) {
        await world.ingest(events);
        await world.run({}, at);
      }
      const planned = await ask(world, nowMs);
      // Some go, some stay for what came again.
      expect([planned.rows > 0, (planned.staying.copied ?? 0) > 0]).toEqual([true, true]);
      await world.ingest([{ ...(young[0] as Event), id: 'more' }]);
      await world.run({}, at);
      // With what came last, which the oldest kept generation has by now.
      expect((await readRetired(world.dataDir))?.outcomes[0]?.rows).toBeGreaterThanOrEqual(planned.rows);
      await rm(join(world.dataDir, 'generations'), { recursive: true });
      await world.run({ scheduled: false }, at);
      const generation = (await world.current())?.generation ?? 0;
      const { wholeFromMs = 0 } = await world.manifest(generation);
      expect(wholeFromMs).toBeGreaterThan(planned.before);
      const all = [...old, ...young, ...again, aged, { ...aged, id: 'last' }, { ...(young[0] as Event), id: 'more' }];
      const [own, wanted] = [await world.viewsOf(generation), naive(all, DEFINITIONS)];
      expect(differences(from(own, wholeFromMs), from(wanted, wholeFromMs))).toEqual([]);
    } finally {
      await world.close();
    }
  },
);

test('law 7: what came again while a killed attempt waited stays, and the outcome does not count it as gone', async () => {
  const { old, young, nowMs } = eventsOf(7);
  const world = await createWorld(DEFINITIONS);
  try {
    for (const events of [old, young.slice(0, 20), young.slice(20, 30), young.slice(30)]) {
      await world.ingest(events);
      await world.run({}, { now: () => nowMs });
    }
    await ask(world, nowMs);
    const { dataDir } = world;
    const reached = (step: string) => {
      if (step === 'said') throw new Error('killed');
    };
    await expect(retireEvents({ dataDir, nowMs, reached })).rejects.toThrow('killed');
    const replacing = (await readRetired(dataDir))?.replacing ?? [];
    const copies = old.slice(0, 1).map((one) => ({ ...one, ts: (young[0] as Event).ts, receivedAt: nowMs - 1 }));
    await world.ingest(copies);
    await world.run({}, { now: () => nowMs });
    const outcome = (await readRetired(dataDir))?.outcomes[0];
    const named = new Set((await namedFiles(world)).map(({ path }) => path));
    const gone = replacing.filter(({ path }) => !named.has(path));
    expect([gone.length > 0, gone.length < replacing.length]).toEqual([true, true]);
    expect(outcome).toMatchObject({ files: gone.length, rows: gone.reduce((sum, { rows }) => sum + rows, 0) });
  } finally {
    await world.close();
  }
});
