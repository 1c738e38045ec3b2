/** A world of random events and definitions, cut into generations as it grows. */
import { generateEvents, LOG_BEGINS_MS } from '@tributary/testkit/inputs/generate';
import { generateDefinitions } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { createWorld, NOON, type World } from './world.ts';

/** `every`: events between two cuts. */
export async function grown(seed: number, every = 60): Promise<World> {
  const random = createRandom(seed);
  const world = await createWorld({ definitions: generateDefinitions(random) });
  world.advance(LOG_BEGINS_MS - NOON);
  await world.tick();
  const shape = { events: 150, users: 5, lateChance: 0, duplicateChance: 0.1 };
  for (const [i, arrival] of generateEvents(random, shape, world.definitions).entries()) {
    await world.ingest(arrival);
    if ((i + 1) % every !== 0) continue;
    await world.cut((i + 1) / every);
    await world.publish((i + 1) / every);
    await world.tick();
  }
  return world;
}
