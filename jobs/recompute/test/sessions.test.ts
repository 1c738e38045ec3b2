/** Sessions from one generation to the next: what is new joins, parts and ends those of the base, whose events lie in its files. */
import type { Event } from '@tributary/model/event';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '@tributary/model/time';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { expect, test } from 'vitest';
import { createWorld } from './world.ts';

const BEGIN_MS = Date.UTC(2026, 2, 1, 9);
const GAP_MS = 30 * MINUTE_MS;
const DEFINITIONS = definitionsOf({ ...SMALL_DEFINITIONS, latenessDays: 30, web: {} });

test.each([1, 2])(
  'law 1: sessions of visitors who hardly pause, in four generations that add to each other, seed %i',
  async (seed) => {
    const random = createRandom(seed);
    let ms = 0;
    const events = Array.from({ length: 320 }, (_, i): Event => {
      ms += random.chance(0.02)
        ? random.pick([GAP_MS, 3 * HOUR_MS, DAY_MS])
        : random.pick([20 * MINUTE_MS, GAP_MS - 1, 25 * MINUTE_MS]);
      const type = random.pick(['page', 'page', 'activity', 'click', 'buy']);
      const said = { viewId: 'v', layout: 992, engagedMs: 700, kind: random.pick(['click', 'dead']) };
      const at = { ts: BEGIN_MS + ms, receivedAt: BEGIN_MS + 15 * DAY_MS, id: `e${i}`, source: 'web' };
      return { ...at, type, userId: random.pick(['ana', 'ana', 'bob']), page: `/${random.below(3)}`, properties: said };
    });
    const world = await createWorld(DEFINITIONS);
    try {
      const arriving = random.shuffle(events);
      for (let generation = 1; generation <= 4; generation++) {
        await world.ingest(arriving.slice((generation - 1) * 80, generation * 80));
        await world.run({ definitions: DEFINITIONS.json, mode: 'incremental' });
        const found = await world.viewsOf(generation);
        expect(differences(found, naive(arriving.slice(0, generation * 80), DEFINITIONS)), `generation ${generation}`).toEqual(
          [],
        );
        expect((await world.manifest(generation)).mode).toBe(generation === 1 ? 'full' : 'incremental');
        expect(found.get('sessions')?.size).toBeGreaterThan(1);
      }
    } finally {
      await world.close();
    }
  },
);
