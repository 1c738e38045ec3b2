/** Retention by age beside older generations that are kept, to which readers may go back. */
import { auditDataFolder } from '@tributary/archive/audit/audit';
import { midnightOf, newestBefore, retirementLimit } from '@tributary/archive/retention/plan';
import { createRequest } from '@tributary/archive/retention/requests';
import { readRetired } from '@tributary/archive/retention/retired';
import { readSegments } from '@tributary/archive/segments';
import type { Event } from '@tributary/model/event';
import { DAY_MS } from '@tributary/model/time';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { addRowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { expect, test } from 'vitest';
import { speedFromNothing } from './speed-from-nothing.ts';
import { createWorld, PARTITIONS, SMALL_LIMITS } from './world.ts';

const DEFINITIONS = definitionsOf(SMALL_DEFINITIONS);
const limits = { ...SMALL_LIMITS, compute: { ...SMALL_LIMITS.compute, filesPerKind: 2 } };

test('law 1: what an older generation that is kept looks back on stays, so that answers are exact after a rollback', async () => {
  const events: Event[] = generateEvents(
    createRandom(4),
    { events: 80, users: 4, lateChance: 0, duplicateChance: 0.1 },
    DEFINITIONS,
  );
  const world = await createWorld(DEFINITIONS);
  try {
    const half = events.length / 2;
    const cutMs = Math.max(...events.slice(0, half).map(({ receivedAt }) => receivedAt)) + 1;
    await world.ingest(events.slice(0, half));
    await world.run({}, { now: () => cutMs, limits });
    await world.ingest(events.slice(half));
    const nowMs = cutMs + 300 * DAY_MS;
    const at = { now: () => nowMs, limits };
    await world.run({}, at);
    const before = midnightOf(newestBefore({ createdAt: nowMs }, DEFINITIONS, nowMs));
    await createRequest(world.dataDir, { before, at: nowMs, by: 'ana', planned: { files: 0, rows: 0, bytes: 0 } });
    const newer: Event = { ...(events[0] as Event), id: 'newer', ts: nowMs - 1_000, receivedAt: nowMs - 1_000 };
    await world.ingest([newer]);
    await world.run({}, at);
    expect((await readRetired(world.dataDir))?.outcomes).toMatchObject([
      { refused: expect.stringContaining('generation 1, which is kept') },
    ]);
    // As the API says before it takes such a request.
    const allowed = (await retirementLimit(world.dataDir, nowMs))?.newestBefore ?? 0;
    expect([allowed, allowed < before]).toEqual([newestBefore({ createdAt: cutMs }, DEFINITIONS, nowMs), true]);
    // Nor is a file left without a name of what a generation wrote and merged at once.
    const audit = { dataDir: world.dataDir, nowMs: Date.now() + DAY_MS, depth: { quick: true } };
    expect((await auditDataFolder(audit)).faults).toEqual([]);

    for (let partition = 0; partition < PARTITIONS; partition++)
      for (const { upTo } of await readSegments(world.dataDir, partition)) await world.log.trim(partition, upTo);
    const store = await speedFromNothing(world, DEFINITIONS);
    const all = [...events, newer];
    const names = VIEWS.map(({ name }) => name);
    for (const generation of [1, 2, 3]) {
      const rows = await world.viewsOf(generation);
      for (const { rows: own } of await store.serving().deltas(names, generation)) addRowsByView(rows, own);
      expect(differences(rows, naive(all, DEFINITIONS))).toEqual([]);
    }
  } finally {
    await world.close();
  }
});
