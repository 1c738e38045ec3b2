import { messageNumber } from '@tributary/model/identity/message-line';
import type { PartitionState } from '@tributary/store/speed-store';
import { expect, test } from 'vitest';
import { gapsInFlight, pairsInFlight } from './in-flight.ts';

/** The message of the entry at a position; 0: none. */
const of = (position: number) => (position === 0 ? '' : messageNumber(`${position}.0000000`, 1));
const state = (position: number, sent: number[], applied: number[]): PartitionState => ({
  position: String(position),
  logIdentity: 'log',
  logTimeMs: 0,
  generation: 0,
  definitions: '{}',
  relayed: { sent: sent.map(of), applied: applied.map(of) },
});

test('law 7: an answer is incomplete while a partition has sent what another has not applied, or has applied what the store of its sender lost', () => {
  expect(pairsInFlight([state(5, [0, 2], [0, 1]), state(5, [1, 0], [2, 0])])).toBe(0);
  expect(pairsInFlight([state(5, [0, 2], []), state(5, [], [1])])).toBe(1);
  // The store of the sender stands before what was applied.
  expect(pairsInFlight([state(2, [0, 1], []), state(5, [], [3])])).toBe(1);
  expect(pairsInFlight([null, state(5, [], [3])])).toBe(1);
  // What had caused it is gone: the sender read what is left of it, and sent nothing.
  expect(pairsInFlight([state(3, [0, 1], []), state(5, [], [3])])).toBe(0);
  // As much in all, but not between the same two.
  expect(pairsInFlight([state(5, [0, 2], []), state(5, [], []), state(5, [], [2])])).toBe(1);
  expect(gapsInFlight([state(5, [0, 2], []), null])).toMatchObject([{ reason: 'behind', partition: null }]);
  expect(gapsInFlight([state(5, [0, 2], []), state(5, [], [2])])).toEqual([]);
});

test('where keys are not joined, nothing is on its way', () => {
  const { relayed: _, ...plain } = state(5, [], []);
  expect(gapsInFlight([plain, null])).toEqual([]);
});
