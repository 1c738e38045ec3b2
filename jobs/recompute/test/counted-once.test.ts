/** Generations whose definitions count conversions once: the key they keep, what fresh events take over, and changes of the definitions. */

import { CONVERSION_COLUMNS, parquetFiles } from '@tributary/archive/compute/relations';
import { createArchiveReader } from '@tributary/archive/readers/archive-reader';
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { HOUR_MS } from '@tributary/model/time';
import { timelineOf } from '@tributary/serving/users/user-timeline';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { event, NOON_MS } from './one-user.ts';
import { createWorld, PARTITIONS, type World } from './world.ts';

const PLAIN = definitionsOf(SMALL_DEFINITIONS);
const once = (onceBy: string, withinDays = 1) =>
  definitionsOf({ ...SMALL_DEFINITIONS, conversions: { buy: { onceBy, withinDays } } });
const ONCE = once('properties.order_id');
const SHORTER = once('properties.order_id', 0.01);
const OTHER_KEY = once('properties.cart.id');

let world: World;
let log: Event[];
beforeEach(async () => {
  world = await createWorld(PLAIN);
  log = [];
});
afterEach(() => world.close());

async function ingest(...events: Event[]): Promise<void> {
  log.push(...events);
  await world.ingest(events);
}

const order = (id: string, hours: number, order_id: unknown, cart = id) =>
  event(id, hours, 'buy', { value: 100, properties: { order_id, cart: { id: cart } } });

/** Runs a generation, which must be what the oracle finds; resolves with how it was made. */
async function generation(number: number, definitions: Definitions): Promise<string> {
  await world.run({ definitions: definitions.json, mode: 'incremental' });
  const manifest = await world.manifest(number);
  expect(differences(await world.viewsOf(number), naive(log, definitions)), `generation ${number}`).toEqual([]);
  expect(manifest.eventColumns?.includes('once_key')).toBe(definitions.onceMs.size > 0);
  return manifest.mode;
}

async function conversionsOf(number: number): Promise<string[]> {
  const { conversions } = await world.manifest(number);
  const rows = await world.session.rows(`SELECT id FROM ${parquetFiles(world.dataDir, conversions, CONVERSION_COLUMNS)}`);
  return rows.map((row) => String(row['id'])).sort();
}

test('law 1: conversions move between generations, and leave the list of conversions', async () => {
  await ingest(event('c', 0, 'click', { channel: 'search' }), order('m', 4, 'o-7'), order('k', 3, 'o-8'));
  expect(await generation(1, ONCE)).toBe('full');
  expect(await conversionsOf(1)).toEqual(['k', 'm']);
  await ingest(order('again', 4.5, 'o-7'), order('other', 4.6, 'o-9'));
  expect(await generation(2, ONCE)).toBe('incremental');
  expect(await conversionsOf(2)).toEqual(['k', 'm', 'other']);
  await ingest(order('first', 2, 'o-7'));
  expect(await generation(3, ONCE)).toBe('incremental');
  expect(await conversionsOf(3)).toEqual(['first', 'k', 'other']);
  await ingest(event('page', 2, 'scroll'));
  expect(await generation(4, ONCE)).toBe('incremental');
  expect(await conversionsOf(4)).toEqual(['first', 'k', 'other']);
});

test('law 1: a base that lacks the keys of new definitions is not built upon; one that has them is, whatever the window', async () => {
  await ingest(order('a', 1, 7, 'x'), order('b', 2, '7', 'y'), order('c', 3, 'o', 'x'));
  expect(await generation(1, PLAIN)).toBe('full');
  await ingest(order('d', 0, 'o', 'z'));
  expect(await generation(2, ONCE)).toBe('full');
  await ingest(order('e', 0.5, 'o', 'y'));
  expect(await generation(3, SHORTER)).toBe('incremental');
  await ingest(order('f', 0.6, 'o', 'y'));
  expect(await generation(4, OTHER_KEY)).toBe('full');
  // Files with the key and files without it, side by side.
  await ingest(order('g', 0.7, 'o', 'z'));
  expect(await generation(5, PLAIN)).toBe('incremental');
  await ingest(order('h', 0.8, 'o', 'z'));
  expect(await generation(6, PLAIN)).toBe('incremental');
  const reader = createArchiveReader({ dataDir: world.dataDir, partitions: PARTITIONS, memoryLimit: '64MiB' });
  const range = { fromMs: 0, toMs: NOON_MS + 9 * HOUR_MS, limit: 99 };
  const read = async (number: number, definitions: Definitions) => {
    const events = await reader.userEvents(await world.manifest(number), 'ana', range, new AbortController().signal);
    return timelineOf(events, definitions).map(({ id, kind }) => `${id} ${kind}`);
  };
  expect(await read(6, PLAIN)).toEqual(timelineOf(log, PLAIN).map(({ id, kind }) => `${id} ${kind}`));
  expect(await generation(7, ONCE)).toBe('full');
  expect(await read(7, ONCE)).toEqual(timelineOf(log, ONCE).map(({ id, kind }) => `${id} ${kind}`));
  expect(await conversionsOf(7)).toEqual(['a', 'd']);
});

test('law 1: generations by many take conversions over as one process does', async () => {
  const users = ['ana', 'bea', 'cid', 'dora', 'eva', 'fay'];
  const ofAll = (...events: Event[]) =>
    users.flatMap((userId, i) => (i % 2 === 0 ? events : events.slice(1)).map((one) => ({ ...one, userId })));
  await ingest(...ofAll(order('m', 4, 'o-7'), event('c', 0, 'click', { channel: 'search' }), order('k', 3, 'o-8')));
  await world.run({ definitions: ONCE.json, shards: world.flow });
  await ingest(...ofAll(order('first', 2, 'o-7'), order('k2', 2.5, 'o-8'), event('d', 1, 'click', { channel: 'mail' })));
  await world.run({ definitions: ONCE.json, shards: world.flow });
  expect(world.flow.attempts.length).toBeGreaterThan(3);
  expect((await world.manifest(2)).mode).toBe('incremental');
  expect(differences(await world.viewsOf(2), naive(log, ONCE))).toEqual([]);
  expect(await conversionsOf(2)).toEqual(
    [...users.map(() => 'k2'), ...users.flatMap((_, i) => (i % 2 === 0 ? ['first'] : []))].sort(),
  );
});
