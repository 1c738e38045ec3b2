import { DAY_MS } from '@tributary/model/time';
import type { PartitionState } from '@tributary/store/speed-store';
import { expect, test } from 'vitest';
import { demandRecordsForLinks } from './joined-alike.ts';

const NOW = Date.UTC(2026, 10, 20);
const state = (more: Partial<PartitionState>): PartitionState => ({
  ...{ position: 'p', logIdentity: 'log', logTimeMs: NOW, generation: 1, definitions: '{}', keptMs: 90 * DAY_MS },
  ...more,
});

test('law 4: keys are joined no further back than the records of each partition go', () => {
  const joined = { joinedMs: 60 * DAY_MS };
  const refusal = /identity.days must be at most 40, as records of partition 1 go back so far \(got 60\)/;
  demandRecordsForLinks([state({}), null, state({ cutTs: NOW - 60 * DAY_MS })], joined);
  expect(() => demandRecordsForLinks([state({}), state({ keptMs: 40 * DAY_MS })], joined)).toThrow(refusal);
  expect(() => demandRecordsForLinks([state({}), state({ cutTs: NOW - 40.5 * DAY_MS })], joined)).toThrow(refusal);
  // A version wrote the state that does not note how far.
  const { keptMs: _, ...older } = state({});
  expect(() => demandRecordsForLinks([older], joined)).toThrow('must be at most 0');
  // Keys are joined already, or are not to be.
  demandRecordsForLinks([state({ keptMs: 1, definitions: '{"identity":{"days":60}}' })], joined);
  demandRecordsForLinks([state({ keptMs: 1 })], { joinedMs: null });
});
