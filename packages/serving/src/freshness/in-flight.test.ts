import { messageNumber } from '@tributary/model/identity/message-line';
import type { PartitionState } from '@tributary/store/speed-store';
import { expect, test } from 'vitest';
import { gapsAmong, OF_ALL_USERS, ofEveryUser } from '../gaps.ts';
import { gapsAtCut, gapsBetween, gapsInFlight, pairsInFlight } from './in-flight.ts';

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

test('law 7: a generation alone is incomplete where something was in flight at its cut, whatever is by now', () => {
  const at = (position: string, { relayed }: PartitionState): PartitionState => ({
    ...state(9, [], []),
    barriers: new Map([[3, position]]),
    ...(relayed && { crossed: new Map([[3, relayed]]) }),
  });
  const cut = { generation: 3, cut: ['5', '6'] };
  const gaps = (...states: (PartitionState | null)[]) =>
    gapsAtCut(states, cut).map(({ reason, partition, text }) => [reason, partition, text.split(':')[0]]);
  const [sent, applied] = [at('5', state(0, [0, 2], [])), at('6', state(0, [], [2]))];
  expect(gaps(sent, applied)).toEqual([]);
  const inFlight = [
    ['behind', OF_ALL_USERS, expect.stringContaining('in flight between 1 pair of partitions at the cut of generation 3')],
  ];
  expect(gaps(sent, at('6', state(0, [], [1])))).toEqual(inFlight);
  // Sent behind the cut of its sender: it is in both.
  expect(gaps(at('5', state(0, [0, 2], [])), at('6', state(0, [], [7])))).toEqual(inFlight);
  // Before it joined keys it had sent nothing, and applied nothing.
  const { relayed: _, ...plain } = state(0, [], []);
  expect(gaps(at('5', plain), at('6', plain))).toEqual([]);
  expect(gaps(sent, at('6', plain))).toEqual(inFlight);
  const unread = [['behind', OF_ALL_USERS, 'real time has not read up to the cut of generation 3 in 1 partition']];
  expect(gaps(sent, null)).toEqual(unread);
  expect(gaps(sent, state(9, [], [2]))).toEqual(unread);
  const forgotten: PartitionState = { ...at('6', plain), crossed: new Map([[3, null]]) };
  expect(gaps(sent, forgotten)).toEqual([['behind', OF_ALL_USERS, 'generation 3 is not among the newest']]);
  // Another copy of the barrier is not the cut.
  expect(gaps(sent, at('7', state(0, [], [2])))).toEqual(unread);
});

test('where keys are not joined, nothing is on its way', () => {
  const { relayed: _, ...plain } = state(5, [], []);
  expect(gapsInFlight([plain, null])).toEqual([]);
});
