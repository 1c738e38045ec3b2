/** Generations whose definitions begin to count events over all users, count others, and stop: files have what counts, or are not built upon. */
import type { Definitions, DefinitionsFile } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { expect, test } from 'vitest';
import { event } from './one-user.ts';
import { createWorld } from './world.ts';

const of = (more: Partial<DefinitionsFile>) =>
  definitionsOf({ ...SMALL_DEFINITIONS, fields: { item: 'properties.item' }, ...more });
const PLAIN = of({});
const ITEMS = { items: { count: 'scroll', by: 'item' }, campaigns: { count: '*', by: 'campaign', where: 'present(campaign)' } };
const COUNTING = of({ counts: ITEMS });
const CORRECTED = of({
  counts: ITEMS,
  corrections: [
    {
      name: 'renamed',
      when: 'campaign == "sumer"',
      set: { campaign: 'summer' },
      from: '2026-03-01',
      to: '2026-03-02',
      author: 'ada',
      reason: 'a typing error',
    },
  ],
});
/** The same name, and another field. */
const OTHER = of({ fields: { item: 'properties.other' }, counts: ITEMS });

test('law 1: what definitions count is read from the archive where the base lacks it, else from its events; a correction renames a campaign, another field is another version', async () => {
  const world = await createWorld(PLAIN);
  try {
    const log: Event[] = [];
    const ingest = async (...events: Event[]) => {
      log.push(...events);
      await world.ingest(events);
    };
    const seen = (id: string, item: unknown, more = {}) => event(id, 1, 'scroll', { properties: { item, other: 'x', ...more } });
    const generation = async (number: number, definitions: Definitions) => {
      await world.run({ definitions: definitions.json, mode: 'incremental' });
      const views = await world.viewsOf(number);
      expect(differences(views, naive(log, definitions)), `generation ${number}`).toEqual([]);
      const rows = [...(views.get('counts') ?? [])].map(([key, [events]]) => [
        ...key.split('\t').toSpliced(2, 1).slice(1),
        events,
      ]);
      return [(await world.manifest(number)).mode, rows.sort()];
    };
    await ingest(seen('a', 'boots'), seen('b', 7), event('c', 2, 'click', { campaign: 'sumer' }));
    expect(await generation(1, PLAIN)).toEqual(['full', []]);
    await ingest(
      seen('a', 'boots'),
      seen('d', 'boots'),
      seen('e', 'a\tb'),
      seen('f', null),
      seen('h', 'boots', { $counts: 'items' }),
    );
    const counted = [
      ['items', '(none)', 1],
      ['items', '(other)', 2],
      ['items', '7', 1],
      ['items', 'boots', 2],
    ];
    expect(await generation(2, COUNTING)).toEqual(['full', [['campaigns', 'sumer', 1], ...counted]]);
    await ingest(event('g', 3, 'buy', { campaign: 'summer' }));
    expect(await generation(3, COUNTING)).toEqual([
      'incremental',
      [['campaigns', 'sumer', 1], ['campaigns', 'summer', 1], ...counted],
    ]);
    expect(await generation(4, CORRECTED)).toEqual(['incremental', [['campaigns', 'summer', 2], ...counted]]);
    expect((await generation(5, OTHER))[0]).toBe('full');
    expect(await generation(6, PLAIN)).toEqual(['incremental', []]);
  } finally {
    await world.close();
  }
});
