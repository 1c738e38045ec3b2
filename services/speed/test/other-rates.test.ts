/** A barrier that brings other exchange rates alone: the partition has the new text, and its rows follow what they did. */
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { VIEWS } from '@tributary/views/registry';
import { expect, test } from 'vitest';
import { crossBarrier, loadPartition, stateOf } from '../src/partitions/partition-run.ts';
import { DEFAULT_LIMITS } from '../src/pipeline.ts';

test('law 7: definitions that differ in exchange rates alone do not make answers incomplete', async () => {
  const initial = definitionsOf(SMALL_DEFINITIONS);
  const store = createMemoryStore({ partitions: 1 }).speed();
  const run = await loadPartition(0, { store, logIdentity: 'log', initial, sha256Hex, limits: DEFAULT_LIMITS, views: VIEWS });
  const { users } = run;
  const rated = definitionsOf({ ...SMALL_DEFINITIONS, exchangeRates: { to: 'EUR', rates: { USD: '0.92' } } });
  crossBarrier(run, 1, rated, DEFAULT_LIMITS, sha256Hex);
  expect(stateOf(run, '1', 'log')).toMatchObject({ generation: 1, definitions: rated.json, definitionsSince: 0 });
  expect(run.users).toBe(users);
  const other = definitionsOf({ ...SMALL_DEFINITIONS, latenessDays: 2 });
  crossBarrier(run, 2, other, DEFAULT_LIMITS, sha256Hex);
  expect(stateOf(run, '2', 'log')).toMatchObject({ generation: 2, definitions: other.json, definitionsSince: 2 });
  expect(run.users).not.toBe(users);
});
