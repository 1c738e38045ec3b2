/** Whose an event is where the record of its key had lost events as a link came, or its undoing. */
import { describe, expect, test } from 'vitest';
import { DAY_MS } from '../time.ts';
import { emptyKey, loseItems, type Message, receiveEvent, receiveMessage } from './adoption.ts';
import type { Item } from './item.ts';
import { addLink, type Link, type Links, noLinks, ownerAt } from './links.ts';

const link = (to: string, version: string, floor?: number, receivedAt = 100): Message => ({
  kind: 'link',
  to: 'cookie',
  link: { id: `${to}\nat ${version}`, to, ts: 50, version, receivedAt, ...(floor !== undefined && { floor }) },
});
const unlink = (from: string, version: string, floor?: number): Message => ({
  ...{ kind: 'unlink', to: 'cookie', from, version, receivedAt: 100, ...(floor !== undefined && { floor }) },
});

/** Whose events of some instants are, once these messages were read. */
function ownersAfter(messages: readonly Message[]): string {
  const state = emptyKey('cookie', { windowMs: 1_000 });
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
  const state = emptyKey('cookie', { windowMs: 1_000 });
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

const named = (version: string, receivedAt: number, floor?: number, hour = 0): Message => ({
  kind: 'link',
  to: 'cookie',
  link: { id: `ada\nhour ${hour}`, to: 'ada', ts: 0, version, receivedAt, ...(floor !== undefined && { floor }) },
});
/** Up to an instant it holds where it does not count. */
const holding = (message: Message, held: number): Message =>
  message.kind === 'link' ? { ...message, link: { ...message.link, held } } : message;

test('laws 1 and 7: where a link takes the place of one of its name, that one still says what it did of lost events', () => {
  const state = emptyKey('cookie', { windowMs: 1_000 });
  const event = (id: string, ts: number): Item => ({ origin: 'cookie', id, ts, isKnown: false, path: [], line: '' });
  receiveEvent(state, event('lost', 150), '1');
  receiveEvent(state, event('new', 300), '2');
  const lent = receiveMessage(state, named('3', 1_100), '3')?.messages.map((message) => 'item' in message && message.item.id);
  expect(lent).toEqual(['lost', 'new']);
  loseItems(state, 200);
  // One that was received after it counts for nothing; one that was received before says nothing of what is lost.
  expect(receiveMessage(state, named('4', 1_101), '4')).toBeNull();
  const change = receiveMessage(state, named('5', 1_090), '5');
  expect(change?.kept).toEqual(named('5', 1_090, 200));
  expect(change?.messages).toEqual([named('5', 1_090, 200), holding(named('3', 1_100), 200)]);
  expect(change?.beside).toEqual([holding(named('3', 1_100), 200)]);
  expect(ownerAt(state.links, { ts: 150, isKnown: false })).toBe('ada');
  expect(ownerAt(state.links, { ts: 95, isKnown: false })).toBeNull();
  expect(receiveMessage(state, named('6', 1_080), '6')?.messages).toEqual([named('6', 1_080, 200)]);
  expect(receiveMessage(state, named('7', 1_090, undefined, 1), '7')?.kept).toEqual(named('7', 1_090, 200, 1));
});

test('laws 1 and 7: what was undone before a key lost events stays undone there, also where the link is sent again', () => {
  const again = (lost: number): string => {
    const state = emptyKey('cookie', { windowMs: 1_000 });
    for (const message of [named('3', 100), unlink('ada', '4')]) receiveMessage(state, message, '4');
    state.lostTs = lost;
    receiveMessage(state, named('5', 90), '5');
    return [10, 20, 30].map((ts) => ownerAt(state.links, { ts, isKnown: false }) ?? '-').join(' ');
  };
  expect(again(Number.NEGATIVE_INFINITY)).toBe('ada ada ada');
  expect(again(20)).toBe('- - ada');
});

test('laws 1 and 7: a link that does not count any more holds up to what its key had lost, in any order of what the log says', () => {
  const [eve, ada, bob] = [link('eve', '1', undefined, 120), link('ada', '2', undefined, 110), link('bob', '3', undefined, 105)];
  const owners = (messages: readonly Message[], mostOfDay = 1): string => {
    const state = emptyKey('cookie', { windowMs: 1_000, mostOfDay });
    for (const message of messages) receiveMessage(state, message, '9');
    return [10, 20, 30].map((ts) => ownerAt(state.links, { ts, isKnown: false }) ?? '-').join(' ');
  };
  expect(owners([eve, ada, bob])).toBe('bob bob bob');
  const said = [
    eve,
    ada,
    bob,
    link('ada', '2', 10, 110),
    link('bob', '3', 20, 105),
    holding(eve, 10),
    holding(link('ada', '2', 10, 110), 20),
  ];
  for (const order of permutations(said)) expect(owners(order)).toBe('eve ada bob');
  // As it counts again in another history, what was said of it holds for nothing.
  expect(owners(said, 3)).toBe('eve ada ada');
});

test('laws 1 and 7: of several links with one name each says of lost events what it did before the next one took its place', () => {
  const state = emptyKey('cookie', { windowMs: 30 * DAY_MS, mostOfDay: 1 });
  const say = (id: string, version: string, receivedAt: number, merges = false) => {
    const one: Link = { id: `ada\n${id}`, to: 'ada', ts: 0, version, receivedAt, ...(merges && { merges }) };
    return receiveMessage(state, { kind: 'link', to: 'cookie', link: one }, version)?.beside?.map(
      (message) => message.kind === 'link' && [message.link.id, message.link.version, message.link.held],
    );
  };
  // The same once more on the next day, without the say of who may merge two users.
  say('at 1', '1', 10 * DAY_MS + 50, true);
  say('at 1', '2', 11 * DAY_MS + 50);
  state.lostTs = 8 * DAY_MS;
  expect(say('at 2', '3', 10 * DAY_MS + 40)).toEqual([['ada\nat 1', '1', 8 * DAY_MS]]);
  state.lostTs = 9 * DAY_MS;
  expect(say('at 3', '4', 11 * DAY_MS + 40)).toEqual([['ada\nat 1', '2', 9 * DAY_MS]]);
  const merged = [7, 8, 8.5, 9.5].map((day) => ownerAt(state.links, { ts: day * DAY_MS, isKnown: true }));
  expect(merged).toEqual(['ada', 'ada', null, null]);
  expect(state.links.made.map(({ version, floor, upTo }) => [version, floor, upTo]).sort()).toEqual([
    ['1', undefined, 8 * DAY_MS],
    ['2', 8 * DAY_MS, 9 * DAY_MS],
    ['3', 8 * DAY_MS, undefined],
    ['4', 9 * DAY_MS, undefined],
  ]);
});

function permutations<T>(of: readonly T[]): T[][] {
  if (of.length === 0) return [[]];
  return of.flatMap((one, i) => permutations(of.toSpliced(i, 1)).map((others) => [one, ...others]));
}

describe('a link that does not count any more', () => {
  const counting = { id: 'x', to: 'eve', ts: 1_000, version: '1', receivedAt: 1_000 };
  const out = { id: 'n', to: 'bob', ts: 0, version: '2', receivedAt: 1_100 };
  const owner = (links: Links, ts: number) => ownerAt(links, { ts, isKnown: false });

  test('law 5: holds up to the lowest instant that was said', () => {
    const links = noLinks({ windowMs: 10_000, mostOfDay: 1 });
    addLink(links, { ...counting });
    for (const [held, isNew] of [
      [20, true],
      [10, true],
      [20, false],
    ] as const)
      expect(addLink(links, { ...out, held })).toBe(isNew);
    addLink(links, { ...out, floor: -5 });
    expect([owner(links, 10), owner(links, 11)]).toEqual(['bob', 'eve']);
  });

  test('law 5: stands before the one of its name that counts, also where a floor of that is said later', () => {
    const links = noLinks({ windowMs: 2 * DAY_MS, mostOfDay: 1 });
    addLink(links, { ...counting });
    addLink(links, { ...out, held: 10 });
    const next = { ...out, to: 'zoe', version: '3', receivedAt: DAY_MS + 1 };
    addLink(links, next);
    expect([10, 11, 31].map((ts) => owner(links, ts))).toEqual(['bob', 'zoe', 'zoe']);
    addLink(links, { ...next, floor: 30 });
    expect([10, 11, 31].map((ts) => owner(links, ts))).toEqual(['bob', 'eve', 'zoe']);
  });

  test('law 1: takes what it holds where it had not been known', () => {
    const state = emptyKey('cookie', { windowMs: 10_000, mostOfDay: 1 });
    receiveEvent(state, { id: 'e', ts: 5, isKnown: false, line: '{}' }, '1');
    receiveMessage(state, { kind: 'link', to: 'cookie', link: counting }, '2');
    const change = receiveMessage(state, { kind: 'link', to: 'cookie', link: { ...out, held: 10 } }, '3');
    expect(change?.messages.map(({ kind, to }) => `${kind} ${to}`)).toEqual(['take eve', 'put bob']);
  });
});
