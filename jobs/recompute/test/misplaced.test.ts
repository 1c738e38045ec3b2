/** Events in partitions that are not their users': both layers pass over the originals and count what the speed worker appended. */
import { type Event, encodeEvent } from '@tributary/model/event';
import { HOUR_MS } from '@tributary/model/time';
import { partitionOf } from '@tributary/model/user-key';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { asked } from './asked.ts';
import { createWorld, PARTITIONS, type World } from './world.ts';

const DEFINITIONS = definitionsOf(SMALL_DEFINITIONS);
const AT = Date.UTC(2026, 2, 1, 12);

let world: World;
beforeEach(async () => {
  world = await createWorld(DEFINITIONS);
});
afterEach(() => world.close());

/** A click and a purchase of each user, in one partition after the other. */
function shopping(from: number, users: number): Event[] {
  const common = { userId: '', receivedAt: AT, source: 'test' };
  return Array.from({ length: users }, (_, i) => [
    { ...common, ts: AT + i * HOUR_MS, type: 'click', id: `c${from + i}`, userId: `u${from + i}`, channel: 'search' },
    { ...common, ts: AT + (i + 1) * HOUR_MS, type: 'buy', id: `b${from + i}`, userId: `u${from + i}`, value: 100 },
  ]).flat();
}

async function appendAnywhere(events: readonly Event[]): Promise<void> {
  for (const [i, event] of events.entries()) await world.log.append(i % PARTITIONS, { kind: 'events', body: encodeEvent(event) });
}

test('laws 1 and 3: view and deltas count a misplaced event once, on whichever side of the cut its copy lies', async () => {
  const [before, after] = [shopping(0, 12), shopping(12, 12)];
  expect(before.filter(({ userId }, i) => partitionOf(userId as string, PARTITIONS) !== i % PARTITIONS).length).toBeGreaterThan(
    8,
  );
  await appendAnywhere(before);
  await world.turn();
  expect(differences(await world.merged(), naive(before, DEFINITIONS))).toEqual([]);
  // The originals lie before the barrier, most of their copies behind it.
  await appendAnywhere(after);
  await world.run();
  await world.turn();
  const all = [...before, ...after];
  expect(differences(await world.merged(), naive(all, DEFINITIONS))).toEqual([]);
  expect(await asked(world, DEFINITIONS, AT + 1_000)).toMatchObject({ complete: true, generation: 1 });
  await world.run();
  expect(differences(await world.viewsOf(2), naive(all, DEFINITIONS))).toEqual([]);
});
