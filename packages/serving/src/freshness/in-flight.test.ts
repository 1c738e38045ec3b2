import type { PartitionState } from '@tributary/store/speed-store';
import { expect, test } from 'vitest';
import { gapsInFlight, messagesInFlight } from './in-flight.ts';

const state = (sent: number[], applied: number[]): PartitionState => ({
  position: 'p',
  logIdentity: 'log',
  logTimeMs: 0,
  generation: 0,
  definitions: '{}',
  relayed: { sent, applied },
});

test('law 7: an answer is incomplete while a partition has sent what another has not applied, or has applied what the store of its sender lost', () => {
  expect(messagesInFlight([state([0, 2], [0, 1]), state([1, 0], [2, 0])])).toBe(0);
  expect(messagesInFlight([state([0, 2], []), state([], [1])])).toBe(1);
  expect(messagesInFlight([state([0, 1], []), state([], [3])])).toBe(2);
  // As many in all, but not between the same two.
  expect(messagesInFlight([state([0, 1], []), state([], []), state([], [1])])).toBe(2);
  expect(gapsInFlight([state([0, 2], []), null])).toMatchObject([{ reason: 'behind', partition: null }]);
  expect(gapsInFlight([state([0, 2], []), state([], [2])])).toEqual([]);
});

test('where keys are not joined, nothing is on its way', () => {
  const { relayed: _, ...plain } = state([], []);
  expect(gapsInFlight([plain, null])).toEqual([]);
});
