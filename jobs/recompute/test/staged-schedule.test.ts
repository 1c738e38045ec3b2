/** A schedule of staged runs beside the default one, whose generations are not decided about. */

import { HOUR_MS } from '@tributary/model/time';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { expect, test } from 'vitest';
import { event } from './one-user.ts';
import { createWorld } from './world.ts';

test('law 8: where schedules stage runs that are not decided about, the default schedule goes on for readers a day later', async () => {
  const world = await createWorld(definitionsOf(SMALL_DEFINITIONS));
  try {
    await world.ingest([event('a', 0, 'click', { channel: 'search' })]);
    await world.run({ scheduled: true });
    const outcomes: string[] = [];
    for (let hour = 1; hour <= 37; hour += 6) {
      await world.ingest([event(`e${hour}`, hour, 'click', { channel: 'mail' })]);
      if (hour % 12 === 1) await world.run({ scheduled: true, mode: 'full', promotion: 'ask' });
      outcomes.push((await world.run({ scheduled: true })).published);
      world.advance(6 * HOUR_MS);
    }
    // Once, and the staged one of that time is overtaken: the next one holds for a day of its own.
    expect(outcomes).toEqual(['nothing_new', 'held', 'nothing_new', 'held', 'published', 'published', 'nothing_new']);
  } finally {
    await world.close();
  }
});
