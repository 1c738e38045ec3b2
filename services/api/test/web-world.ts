import type { Event } from '@tributary/model/event';
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { createWorld } from './world.ts';

/** A world that counts pages, in which a generation was cut before the event at `cut`; each event is sent twice. */
export async function worldCutAt(events: readonly Event[], cut: number, definitions = definitionsOf({ web: {} })) {
  const world = await createWorld({ definitions });
  for (const [i, event] of events.entries()) {
    if (i === cut) {
      await world.cut(1);
      await world.publish(1);
    }
    await world.ingest(event);
    await world.ingest(event);
  }
  await world.tick();
  return world;
}
