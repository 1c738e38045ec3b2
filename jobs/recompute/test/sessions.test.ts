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
const PLAIN = definitionsOf({ ...SMALL_DEFINITIONS, latenessDays: 30, web: {} });
/** An order counts once, so what is new may take it over from the base, in another session. */
const ONCE = definitionsOf({
  ...{ ...SMALL_DEFINITIONS, latenessDays: 30, web: {} },
  conversions: { buy: { onceBy: 'properties.order', withinDays: 20 } },
});

const said = (type: string, id: string, ms: number, userId: string, properties: object): Event => ({
  ...{ type, id, ts: BEGIN_MS + ms, receivedAt: BEGIN_MS + 25 * DAY_MS, source: 'web', userId },
  ...(type === 'buy' && { value: id === 'again' ? 7_000 : 500, currency: 'EUR' }),
  ...{ page: `/${id.length % 3}`, properties: { viewId: 'v', layout: 992, engagedMs: 700, ...properties } },
});
const ORDER = { order: 'of cleo' };
/** They come in the first generation, and the other in the last one: what comes then takes over a conversion that lies further away than any visit that sessions look at. */
const CLEO = [said('page', 'visit', 20 * DAY_MS, 'cleo', {}), said('buy', 'again', 20 * DAY_MS + 1, 'cleo', ORDER)];
const EARLIER = said('buy', 'earlier', DAY_MS, 'cleo', ORDER);

test.each([
  [1, ONCE],
  [2, PLAIN],
])(
  'law 1: sessions of visitors who hardly pause, in four generations that add to each other, seed %i',
  async (seed, definitions) => {
    const random = createRandom(seed);
    let ms = 0;
    const events = Array.from({ length: 320 }, (_, i): Event => {
      ms += random.chance(0.02)
        ? random.pick([GAP_MS, 3 * HOUR_MS, DAY_MS])
        : random.pick([20 * MINUTE_MS, GAP_MS - 1, 25 * MINUTE_MS]);
      const type = random.pick(['page', 'page', 'activity', 'click', 'buy']);
      const own = { kind: random.pick(['click', 'dead']), order: `order ${random.below(12)}` };
      return said(type, `e${i}`, ms, random.pick(['ana', 'ana', 'bob']), own);
    });
    const world = await createWorld(definitions);
    if (seed === 1) world.cutIntoShards();
    try {
      const arriving = [...CLEO, ...random.shuffle(events), EARLIER];
      for (let generation = 1; generation <= 4; generation++) {
        await world.ingest(arriving.slice((generation - 1) * 81, generation * 81));
        await world.run({ definitions: definitions.json, mode: 'incremental' });
        const found = await world.viewsOf(generation);
        expect(differences(found, naive(arriving.slice(0, generation * 81), definitions)), `generation ${generation}`).toEqual(
          [],
        );
        expect((await world.manifest(generation)).mode).toBe(generation === 1 ? 'full' : 'incremental');
        expect(found.get('sessions')?.size).toBeGreaterThan(1);
        if (generation === 4) expect(found.get('sessionValues')?.size).toBeGreaterThan(0);
      }
    } finally {
      await world.close();
    }
  },
);
