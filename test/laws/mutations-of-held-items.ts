/** Lies about how a key holds items and links. */
import type { Mutation } from './mutation-list.ts';

const HELD_ITEMS = 'packages/model/src/identity/held-items.ts';
const KEY_BYTES = 'packages/model/src/identity/key-bytes.ts';
const RESTING_USERS = 'services/speed/src/partitions/resting-users.ts';
const KEY_TEST = 'packages/model/src/identity/key-bytes.test.ts';
const BYTES_TEST = 'services/speed/test/resting-bytes.test.ts';
const CACHE_TEST = 'services/speed/test/user-cache.test.ts';
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
    from: 'next > MOST_WITHOUT_TABLE',
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
    from: 'held.table = left > MOST_WITHOUT_TABLE ? tableOf(held) : undefined;',
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
  {
    lie: 'a key that rested knows nothing of what its record lost',
    law: '1',
    file: KEY_BYTES,
    from: 'writeNumber(tape, lostTs);',
    to: 'writeNumber(tape, Number.NEGATIVE_INFINITY);',
    test: KEY_TEST,
  },
  {
    lie: 'a merge of two users moves nothing of theirs once their key has rested',
    law: '1',
    file: KEY_BYTES,
    from: 'if (link.merges === true) links.merging = [link];',
    to: '',
    test: KEY_TEST,
  },
  {
    lie: 'a key of two links rests with one of them',
    law: '1',
    file: KEY_BYTES,
    from: 'links.days !== undefined || links.byId !== undefined || ',
    to: '',
    test: KEY_TEST,
  },
  {
    lie: 'what is noted of users is read where it was before it moved',
    law: '1',
    file: RESTING_USERS,
    from: 'notesOf.tidy((moved, place) => set(moved, NOTES, place));',
    to: 'notesOf.tidy(() => {});',
    test: CACHE_TEST,
  },
  {
    lie: 'who was erased counts again once they have rested',
    law: '1, 9',
    file: RESTING_USERS,
    from: 'user.isErased ? 1 : 0',
    to: '0',
    test: CACHE_TEST,
  },
  {
    lie: 'notes of users who are not held any more are kept',
    law: '7',
    file: RESTING_USERS,
    from: 'leaveBytes(slot);\n      set(slot, BATCH, FREE);',
    to: 'set(slot, BATCH, FREE);',
    test: CACHE_TEST,
  },
  {
    lie: 'users stay objects when nothing of them is under way',
    law: '7',
    file: 'services/speed/src/partitions/user-cache.ts',
    from: 'awake[user.slot] = undefined;\n        rested',
    to: 'rested',
    test: CACHE_TEST,
  },
  {
    lie: 'room of what has left is never used again while anything lies beside it',
    law: '7',
    file: 'services/speed/src/partitions/resting-bytes.ts',
    from: 'count * BLOCK > 2 * (inUse + BLOCK)',
    to: 'count < 0',
    test: BYTES_TEST,
  },
  {
    lie: 'events of a user who rested for long have no ids',
    law: '1',
    file: RESTING_USERS,
    from: 'if (ofIds !== NOWHERE) timelines.giveIds(timelineOf(slot), readIds(ofIds));',
    to: '',
    test: CACHE_TEST,
  },
  {
    lie: 'ids of users of whom nothing comes stay texts',
    law: '7',
    file: 'services/speed/src/partitions/user-cache.ts',
    from: 'resting.batchOf(slot) === batches[next]) resting.shelve(slot);',
    to: 'false) resting.shelve(slot);',
    test: CACHE_TEST,
  },
  {
    lie: 'ids are read where they were before they moved',
    law: '1',
    file: RESTING_USERS,
    from: 'idsOf.tidy((moved, place) => set(moved, IDS, place));',
    to: 'idsOf.tidy(() => {});',
    test: CACHE_TEST,
  },
];
