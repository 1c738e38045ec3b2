import { messageNumber } from '@tributary/model/identity/message-line';
import type { PartitionState } from '@tributary/store/speed-store';
import { expect, test } from 'vitest';
import { gapsAmong, OF_ALL_USERS, ofEveryUser } from '../gaps.ts';
import { gapsBetween, gapsInFlight, pairsInFlight } from './in-flight.ts';

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
  expect(gapsInFlight([state(5, [0, 2], []), null])).toMatchObject([{ reason: 'behind', partition: OF_ALL_USERS }]);
  // A log whose producers may misplace events says so of all users too: messages go where their keys are.
  const inFlight = gapsInFlight([state(5, [0, 2], []), null]);
  expect(gapsAmong(ofEveryUser([...inFlight, { reason: 'behind', partition: 1, text: '' }]), new Set([0]))).toHaveLength(1);
  expect(gapsInFlight([state(5, [0, 2], []), state(5, [], [2])])).toEqual([]);
});

test('law 7: of some keys an answer is incomplete while something is in flight to these, or a store lost writes, also between two looks', () => {
  const [calm, sent] = [state(5, [0, 1, 0], [0, 0, 0]), state(5, [0, 2, 0], [0, 0, 0])];
  const applied = (n: number) => state(5, [0, 0, 0], [n, 0, 0]);
  expect([null, [0], [1], [0, 2]].map((about) => pairsInFlight([sent, applied(1), null], about && new Set(about)))).toEqual([
    1, 0, 1, 0,
  ]);
  // Before it was sent: a message of a store that lost writes, to whomever.
  expect(pairsInFlight([state(1, [0, 1, 0], []), applied(3), null], new Set([2]))).toBe(1);
  const between = (...about: number[]) => gapsBetween([calm, applied(1)], [sent, applied(2)], () => new Set(about)).length;
  expect([between(0), between(1), between(2)]).toEqual([0, 1, 0]);
  // The sender said less at the second look: its store lost writes in between.
  expect(gapsBetween([sent, applied(2)], [calm, applied(1)], () => new Set([0]))).toHaveLength(1);
  // Where nothing is in flight, nothing is asked.
  const mustNot = () => {
    throw new Error('asked');
  };
  expect(gapsBetween([calm, applied(1)], [calm, applied(1)], mustNot)).toEqual([]);
});

test('where keys are not joined, nothing is on its way', () => {
  const { relayed: _, ...plain } = state(5, [], []);
  expect(gapsInFlight([plain, null])).toEqual([]);
});
