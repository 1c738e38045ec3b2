/** Lies about how a key holds items and links. */
import type { Mutation } from './mutation-list.ts';

const HELD_ITEMS = 'packages/model/src/identity/held-items.ts';
const TEST = 'packages/model/src/identity/held-items.test.ts';

export const MUTATIONS_OF_HELD_ITEMS: readonly Mutation[] = [
  {
    lie: 'the only link of a key is forgotten when another one comes',
    law: '2',
    file: 'packages/model/src/identity/links.ts',
    from: 'links.days ??= daysOf(links)',
    to: 'links.days ??= new Map()',
    test: 'test/laws/law-7-many-links.test.ts',
  },
  {
    lie: 'each way that an event came is compared with all others',
    law: '7',
    file: HELD_ITEMS,
    from: 'next > FEW_ROWS',
    to: 'next > 1e9',
    test: TEST,
  },
  {
    lie: 'events are the same where their hashes are',
    law: '1',
    file: HELD_ITEMS,
    from: 'isFirstOfId(held, row) && idAt(held, row) === id;',
    to: 'isFirstOfId(held, row);',
    test: TEST,
  },
  {
    lie: 'what a key held of an event that came again stays',
    law: '7',
    file: HELD_ITEMS,
    from: 'held.wasted > LITTLE && 2 * held.wasted > held.used',
    to: 'held.wasted > Number.POSITIVE_INFINITY',
    test: TEST,
  },
  {
    lie: 'what is left of a key is found where it was before others went',
    law: '1',
    file: HELD_ITEMS,
    from: 'held.table = left > FEW_ROWS ? tableOf(held) : undefined;',
    to: '',
    test: TEST,
  },
  {
    lie: 'ids can be chosen so that each is searched for among all others',
    law: '7',
    file: HELD_ITEMS,
    from: 'crypto.getRandomValues(new Int32Array(3)).map((bits) => bits | 1)',
    to: '[0x811c9dc5 | 0, 0x01000193, 0x5bd1e995]',
    test: TEST,
  },
  {
    lie: 'all that counts for a key is made items, where a few of them are asked for',
    law: '7',
    file: 'packages/model/src/identity/adoption.ts',
    from: ' && members.length < most',
    to: '',
    test: TEST,
  },
];
