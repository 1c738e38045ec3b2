/** Whose an event is where the record of its key had lost events as a link came, or its undoing. */
import { expect, test } from 'vitest';
import { emptyKey, loseItems, type Message, receiveEvent, receiveMessage } from './adoption.ts';
import type { Item } from './item.ts';
import { type Link, ownerAt } from './links.ts';

const link = (to: string, version: string, floor?: number): Message => ({
  kind: 'link',
  to: 'cookie',
  link: { id: `${to}\nat ${version}`, to, ts: 50, version, receivedAt: 100, ...(floor !== undefined && { floor }) },
});
const unlink = (from: string, version: string, floor?: number): Message => ({
  ...{ kind: 'unlink', to: 'cookie', from, version, receivedAt: 100, ...(floor !== undefined && { floor }) },
});

/** Whose events of some instants are, once these messages were read. */
function ownersAfter(messages: readonly Message[]): string {
  const state = emptyKey('cookie', 1_000);
  for (const message of messages) receiveMessage(state, message, '9');
  return [10, 20, 30].map((ts) => ownerAt(state.links, { ts, isKnown: false }) ?? '-').join(' ');
}

test('law 7: a link says nothing about what happened up to its floor, nor does an undoing; of several floors the lowest holds', () => {
  expect(ownersAfter([link('ada', '1')])).toBe('ada ada ada');
  expect(ownersAfter([link('ada', '1'), link('ada', '1', 20)])).toBe('- - ada');
  for (const floors of [
    [20, 10],
    [10, 20],
    [10, 10],
  ])
    expect(ownersAfter([link('ada', '1'), ...floors.map((floor) => link('ada', '1', floor))])).toBe('- ada ada');
  // What was lent by then stays lent.
  expect(ownersAfter([link('ada', '1'), unlink('ada', '2'), unlink('ada', '2', 20), unlink('ada', '2', 30)])).toBe('ada ada -');
  expect(ownersAfter([link('ada', '1'), link('bob', '2', 10), unlink('ada', '3', 20)])).toBe('ada ada bob');
});

test('laws 1 and 7: a key that lost events says so of the links that come, which reach none of them, and takes back what it had lent of them', () => {
  const state = emptyKey('cookie', 1_000);
  const event = (id: string, ts: number): Item => ({ origin: 'cookie', id, ts, isKnown: false, path: [], line: '' });
  receiveEvent(state, event('late', 15), '1');
  receiveEvent(state, event('new', 30), '2');
  expect(receiveMessage(state, link('ada', '3'), '3')?.kept).toBeUndefined();
  state.lostTs = 20;
  expect(receiveMessage(state, link('ada', '3'), '4')).toBeNull();
  const change = receiveMessage(state, unlink('ada', '5'), '5');
  expect(change?.kept).toEqual(unlink('ada', '5', 20));
  const said = change?.messages.map((message) => ('item' in message ? [message.kind, message.to, message.item.id] : message));
  expect(said).toEqual([unlink('ada', '5', 20), ['take', 'ada', 'new']]);
  // Once the log has it, it says nothing new; what is received too long after reaches as far as ever.
  expect(receiveMessage(state, unlink('ada', '5', 20), '6')).toBeNull();
  const old: Link = { ...(link('bob', '7') as { readonly link: Link }).link, receivedAt: 1_020 };
  expect(receiveMessage(state, { kind: 'link', to: 'cookie', link: old }, '7')?.kept).toBeUndefined();
  const lost = { ...event('lost', 5), path: ['phone'], origin: 'phone', isKnown: true };
  expect(receiveMessage(state, { kind: 'take', to: 'cookie', item: lost, version: '8' }, '8')?.messages).toEqual([]);
  receiveMessage(
    state,
    { kind: 'link', to: 'cookie', link: { ...old, id: 'eve\nat 9', to: 'eve', receivedAt: 100, merges: true, floor: 0 } },
    '9',
  );
  const taken = receiveMessage(state, { kind: 'take', to: 'cookie', item: { ...lost, id: 'other' }, version: '9' }, '9');
  expect(taken?.messages).toMatchObject([{ kind: 'take', to: 'eve', item: { id: 'other', path: ['phone', 'cookie'] } }]);
});

test('laws 1 and 7: a link that takes the place of one of its name says of lost events what that one had said', () => {
  const state = emptyKey('cookie', 1_000);
  const event = (id: string, ts: number): Item => ({ origin: 'cookie', id, ts, isKnown: false, path: [], line: '' });
  const named = (version: string, receivedAt: number, floor?: number, hour = 0): Message => ({
    kind: 'link',
    to: 'cookie',
    link: { id: `ada\nhour ${hour}`, to: 'ada', ts: 0, version, receivedAt, ...(floor !== undefined && { floor }) },
  });
  receiveEvent(state, event('lost', 150), '1');
  receiveEvent(state, event('new', 300), '2');
  const lent = receiveMessage(state, named('3', 1_100), '3')?.messages.map((message) => 'item' in message && message.item.id);
  expect(lent).toEqual(['lost', 'new']);
  loseItems(state, 200);
  // One that was received after it counts for nothing; one that was received before reaches no further.
  expect(receiveMessage(state, named('4', 1_101), '4')).toBeNull();
  const change = receiveMessage(state, named('5', 1_090), '5');
  expect(change?.kept).toEqual(named('5', 1_090, 100));
  expect(change?.messages).toEqual([named('5', 1_090, 100)]);
  expect(ownerAt(state.links, { ts: 150, isKnown: false })).toBe('ada');
  expect(ownerAt(state.links, { ts: 95, isKnown: false })).toBeNull();
  expect(receiveMessage(state, named('6', 1_080), '6')?.kept).toEqual(named('6', 1_080, 100));
  expect(receiveMessage(state, named('7', 1_090, undefined, 1), '7')?.kept).toEqual(named('7', 1_090, 200, 1));
});
