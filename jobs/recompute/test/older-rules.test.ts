/** Data of a version whose rules ordered events of one instant by id alone: both layers leave these rules at one cut. */
import type { Event } from '@tributary/model/event';
import { HOUR_MS } from '@tributary/model/time';
import { byFirstRules, definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWorld, type World } from './world.ts';

const NEWEST = definitionsOf(SMALL_DEFINITIONS);
const FIRST = byFirstRules(NEWEST);

let world: World;
beforeEach(async () => {
  world = await createWorld(FIRST);
});
afterEach(() => world.close());

const AT = Date.UTC(2026, 2, 1, 12);
function event(id: string, hours: number, type: string, more: Partial<Event> = {}): Event {
  return { ts: AT + hours * HOUR_MS, type, id, userId: 'ana', receivedAt: AT, source: 'test', ...more };
}

/** A purchase whose id sorts before that of the touch of its instant. */
const PAIR = [event('a', 0, 'buy', { value: 100 }), event('b', 0, 'click', { channel: 'search' })];
const EARLIER = event('c', -1, 'mail');
const LATER = [event('d', 1, 'buy', { value: 7 }), event('e', 1, 'mail')];

test('law 1: until the next generation, deltas follow the rules of the generation below them; then both layers follow the newest', async () => {
  await world.ingest(PAIR);
  await world.run();
  expect((await world.manifest(1)).definitions).not.toContain('rules');

  // The upgrade: no file of definitions, so that those of the published generation go on.
  const upgraded = { configuredDefinitions: async () => null, program: 'newer' };
  await world.ingest([EARLIER]);
  await world.turn();
  expect(differences(await world.merged(), naive([...PAIR, EARLIER], FIRST))).toEqual([]);

  await world.run({}, upgraded);
  expect(await world.manifest(2)).toMatchObject({ mode: 'incremental', definitions: NEWEST.json });
  expect((await world.reconciliation(2)).because.definitionsChanged).toBe(true);
  expect(differences(await world.viewsOf(2), naive([...PAIR, EARLIER], NEWEST))).toEqual([]);

  await world.ingest(LATER);
  await world.turn();
  const all = [...PAIR, EARLIER, ...LATER];
  expect(differences(await world.merged(), naive(all, NEWEST))).toEqual([]);
  await world.run({}, upgraded);
  expect(differences(await world.viewsOf(3), naive(all, NEWEST))).toEqual([]);
});

test('the two rules differ in what this log is worth', () => {
  const channels = (definitions: typeof NEWEST) =>
    [...(naive(PAIR, definitions).get('credit')?.keys() ?? [])].map((key) => key.split('\t')[3]);
  expect(new Set(channels(FIRST))).toEqual(new Set(['(unattributed)']));
  expect(new Set(channels(NEWEST))).toEqual(new Set(['search']));
});
