/** Law 4 through a whole batch layer: sums beyond 2^53 are computed, published, read and compared to the unit. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generationFolder } from '@tributary/archive/generations';
import type { Event } from '@tributary/model/event';
import { parseExactJson } from '@tributary/model/exact-json';
import { EVENT_BOUNDS } from '@tributary/model/reading/validate-event';
import { HOUR_MS } from '@tributary/model/time';
import { partitionOf } from '@tributary/model/user-key';
import { compareInChild } from '@tributary/recompute/child/child';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWorld, PARTITIONS, SMALL_LIMITS, type World } from './world.ts';

const DEFINITIONS = definitionsOf(SMALL_DEFINITIONS);
const [touch = ''] = Object.keys(DEFINITIONS.touches);
const [conversion = ''] = DEFINITIONS.conversions;
const START = Date.UTC(2026, 10, 20, 12);

let world: World;
beforeEach(async () => {
  world = await createWorld(DEFINITIONS);
});
afterEach(() => world.close());

/**
 * Each of the largest amount that an event may have: some 9 000 of them pass 2^53. All of one partition and in one entry, so that the sum
 * of a single commit passes it.
 */
function purchases(name: string, count: number): Event[] {
  const users = Array.from({ length: 4 * count }, (_, i) => `${name}-${i}`).filter((user) => partitionOf(user, PARTITIONS) === 0);
  return users.slice(0, count).flatMap((userId, i) => {
    const common = { userId, source: 'test', receivedAt: START };
    const amount = EVENT_BOUNDS.amountMinor - i;
    return [
      { ...common, id: `${name}-t-${i}`, type: touch, channel: 'search', cost: amount, currency: 'EUR', ts: START - HOUR_MS },
      { ...common, id: `${name}-p-${i}`, type: conversion, value: amount, currency: 'EUR', ts: START },
    ];
  });
}

test('law 4: a generation of sums beyond 2^53 is published, loads, and equals what readers saw before it', async () => {
  const events: Event[] = [];
  const limits = { ...SMALL_LIMITS, compute: { ...SMALL_LIMITS.compute, shardRows: 100_000 } };
  for (const [round, count] of [9_100, 500].entries()) {
    const more = purchases(`round-${round}`, count);
    events.push(...more);
    await world.ingest(more);
    await world.turn();
    const expected = naive(events, DEFINITIONS);
    expect(differences(await world.merged(), expected)).toEqual([]);
    const generation = round + 1;
    expect(await world.run({}, { limits, compare: compareInChild })).toMatchObject({ generation, published: 'published' });
    expect(differences(await world.viewsOf(generation), expected)).toEqual([]);
    expect(differences(await world.merged(), expected)).toEqual([]);
    const total = [...(expected.get('conversions')?.values() ?? [])].map(([, value]) => value)[0];
    expect(total).toBeTypeOf('bigint');
    const path = join(world.dataDir, generationFolder(generation), 'reconciliation.json');
    expect(parseExactJson(await readFile(path, 'utf8'))).toMatchObject({
      equal: true,
      views: { conversions: { totals: { valueMinor: { before: total, after: total, difference: 0 } } } },
    });
  }
  expect((await world.manifest(2)).mode).toBe('incremental');
});
