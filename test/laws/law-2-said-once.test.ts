/** Laws 2 and 7: a link of an hour is said once, and who hears of it knows as much as if each event had said so. */

import { emptyKey, type KeyState, type Message, receiveMessage } from '@tributary/model/identity/adoption';
import { ownerAt } from '@tributary/model/identity/links';
import { linksOf } from '@tributary/model/identity/links-of';
import { isSaid, MOST_SAID, nameOfSaid, noteSaid, type SaidLinks } from '@tributary/model/identity/said-once';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '@tributary/model/time';
import { createRandom, type Random } from '@tributary/testkit/inputs/random';
import { saidIn, saidMark } from '@tributary/views/said-marks';
import { expect, test } from 'vitest';

const MIDNIGHT = Date.UTC(2026, 10, 20);
const WINDOW_MS = 3 * HOUR_MS;
/** So few of a day count that it matters often which. */
const MOST_OF_DAY = 4;
const USERS = ['ada', 'bo', 'cy'];

/** What users say of one device, in the order of their log: clicks with both ids for the most part, sign-ins and undoings between. */
function said(random: Random, n: number): Message[] {
  const receivedAt = MIDNIGHT + (n - 30) * 3 * MINUTE_MS - random.pick([0, 0, 0, 10, 90]) * MINUTE_MS;
  const ts = receivedAt - random.below(4) * HOUR_MS;
  const userId = random.pick(USERS);
  const base = { ts, id: `e${n}`, userId, receivedAt, source: 'test' };
  const version = String(n).padStart(4, '0');
  if (random.chance(0.1)) return linksOf({ ...base, type: 'tributary.undo', properties: { key: 'cookie' } }, version);
  return linksOf({ ...base, type: random.chance(0.1) ? 'identify' : 'click', anonymousId: 'cookie' }, version);
}

const owners = ({ links }: KeyState) =>
  Array.from({ length: 200 }, (_, i) => ownerAt(links, { ts: MIDNIGHT + (i - 100) * 5 * MINUTE_MS, isKnown: false }));

test('laws 2 and 7: what is said once decides the same as what each event says, with undoings, bounds of a day and receipts out of order', () => {
  const total = { all: 0, said: 0, owned: 0, undone: 0 };
  for (let seed = 0; seed < 400; seed++) {
    const random = createRandom(seed);
    const registers = new Map(USERS.map((user) => [user, new Map() as SaidLinks]));
    const all = Array.from({ length: 60 }, (_, n) => said(random, n)).flat();
    const once = all.filter((message) => {
      const name = nameOfSaid(message);
      if (name === null || message.kind !== 'link') return true;
      const register = registers.get(message.link.to) as SaidLinks;
      const { receivedAt } = message.link;
      if (isSaid(register, name, receivedAt, receivedAt)) return false;
      noteSaid(register, name, receivedAt);
      return true;
    });
    const heard = [all, once, random.shuffle([...once])].map((messages) => {
      const state = emptyKey('cookie', { windowMs: WINDOW_MS, mostOfDay: MOST_OF_DAY });
      for (const message of messages) receiveMessage(state, message, 'here');
      return owners(state);
    });
    expect(heard[1], `seed ${seed}`).toEqual(heard[0]);
    expect(heard[2], `seed ${seed}, in another order`).toEqual(heard[0]);
    total.all += all.length;
    total.said += once.length;
    total.owned += heard[0]?.filter((owner) => owner !== null).length ?? 0;
    total.undone += heard[0]?.filter((owner) => owner === null).length ?? 0;
  }
  // It must have met what it is about.
  expect(total.said).toBeLessThan(total.all * 0.8);
  expect(total.owned).toBeGreaterThan(10_000);
  expect(total.undone).toBeGreaterThan(10_000);
});

test('law 7: what is known to be said is bounded, alike in memory and in the record, and forgotten where it is old', () => {
  const register: SaidLinks = new Map();
  let record = '';
  const nameOf = (n: number) => n.toString(16).padStart(16, '0');
  for (let n = 0; n < MOST_SAID + 100; n++) {
    noteSaid(register, nameOf(n), MIDNIGHT + n);
    record += saidMark(nameOf(n), MIDNIGHT + n) ?? '';
  }
  expect(register.size).toBe(MOST_SAID);
  expect(saidIn(record)).toEqual(register);
  expect(isSaid(register, nameOf(99), MIDNIGHT + DAY_MS, MIDNIGHT)).toBe(false);
  expect(isSaid(register, nameOf(100), MIDNIGHT + 100, MIDNIGHT)).toBe(true);
  expect(isSaid(register, nameOf(100), MIDNIGHT + 99, MIDNIGHT)).toBe(false);
  expect(isSaid(register, nameOf(100), MIDNIGHT + 100, MIDNIGHT + 2 * DAY_MS + 100)).toBe(false);
  expect(saidMark(nameOf(0), 10 ** 13)).toBeNull();
  expect(saidIn('{"ts":1,"type":"click","id":"e","properties":{"said":"0000000000000000"}}\n')).toBeUndefined();
});
