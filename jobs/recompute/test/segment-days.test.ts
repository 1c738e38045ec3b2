/** Generations whose definitions begin to count members of segments by day, count others, and stop: files have what events are to them, or are not built upon. */
import type { Definitions, DefinitionsFile } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { expect, test } from 'vitest';
import { event } from './one-user.ts';
import { createWorld } from './world.ts';

const FIELDS = { item: 'properties.item' };
const of = (segments: NonNullable<DefinitionsFile['segments']>, more: Partial<DefinitionsFile> = {}) =>
  definitionsOf({ ...SMALL_DEFINITIONS, fields: FIELDS, segments, ...more });
const PLANNING = { enter: 'type == "click" && item == "trip"', exit: 'type == "buy"', ttl: '10h' };
const LIVE = of({ planning: PLANNING });
const BY_DAY = of({ planning: { ...PLANNING, byDay: true } });
/** What it keeps of episodes for its values is nothing to its rows. */
const KEPT = of({ planning: { ...PLANNING, byDay: true, keep: { episodes: 1 } } });
const DROPPED = of(
  { planning: { ...PLANNING, byDay: true } },
  {
    corrections: [
      { name: 'no', when: 'value == 7', drop: true, from: '2026-03-01', to: '2026-03-02', author: 'ada', reason: 'a test order' },
    ],
  },
);
/** The same name, and another field. */
const OTHER = of({ planning: { ...PLANNING, byDay: true } }, { fields: { item: 'properties.other' } });

test('law 1: members by day are read from the archive where the base lacks them, else from its events near those that come and go; leaves are dated ahead', async () => {
  const world = await createWorld(LIVE);
  try {
    const log: Event[] = [];
    const ingest = async (...events: Event[]) => {
      log.push(...events);
      await world.ingest(events);
    };
    const planned = (id: string, hours: number, item = 'trip') =>
      event(id, hours, 'click', { properties: { item, other: 'trip' } });
    const generation = async (number: number, definitions: Definitions) => {
      await world.run({ definitions: definitions.json, mode: 'incremental' });
      const views = await world.viewsOf(number);
      expect(differences(views, naive(log, definitions)), `generation ${number}`).toEqual([]);
      const rows = [...(views.get('segmentDays') ?? [])].map(([key, counts]) => [key.slice(0, 10), ...counts]);
      return [(await world.manifest(number)).mode, rows.sort()];
    };
    await ingest(planned('a', -1), planned('b', 1), planned('c', 2, 'boots'));
    expect(await generation(1, LIVE)).toEqual(['full', []]);
    // From 11 h to 23 h: the leave of the last one is on the same day.
    expect(await generation(2, BY_DAY)).toEqual(['full', [['2026-03-01', 1, 1]]]);
    await ingest(planned('d', 4));
    expect(await generation(3, BY_DAY)).toEqual([
      'incremental',
      [
        ['2026-03-01', 1, 0],
        ['2026-03-02', 0, 1],
      ],
    ]);
    await ingest(event('bought', 3, 'buy', { value: 7 }));
    const twice = [
      ['2026-03-01', 2, 1],
      ['2026-03-02', 0, 1],
    ];
    expect(await generation(4, KEPT)).toEqual(['incremental', twice]);
    expect(await generation(5, DROPPED)).toEqual([
      'incremental',
      [
        ['2026-03-01', 1, 0],
        ['2026-03-02', 0, 1],
      ],
    ]);
    expect((await generation(6, OTHER))[0]).toBe('full');
    expect(await generation(7, LIVE)).toEqual(['incremental', []]);
  } finally {
    await world.close();
  }
});
