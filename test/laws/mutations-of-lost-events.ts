/** Lies about events that records of joined keys lost, and about links that do not count any more. */
import type { Mutation } from './mutation-list.ts';

const ADOPT = 'packages/archive/src/compute/adopt.sql';
const FLOORS = 'services/speed/test/messages.test.ts';
const LOST_LINKS = 'test/laws/law-5-lost-links.test.ts';
const MANY_LINKS = 'test/laws/law-7-many-links.test.ts';

export const MUTATIONS_OF_LOST_EVENTS: readonly Mutation[] = [
  {
    lie: 'a link that does not count any more holds nothing of what its key had lost',
    law: '1',
    file: 'packages/model/src/identity/links.ts',
    from: 'if (reachesLost(links, before, coming.lostTs)) {',
    to: 'if (links.mostOfDay === 0) {',
    test: 'test/laws/law-1-identity.test.ts',
  },
  {
    lie: 'a link that does not count any more holds all that it did',
    law: '5',
    file: 'packages/model/src/identity/links.ts',
    from: '  if (link.upTo !== undefined && ts > link.upTo) return false;\n',
    to: '',
    test: MANY_LINKS,
  },
  {
    lie: 'what a link still holds of lost events is also of the one that counts under its name',
    law: '7',
    file: 'packages/model/src/identity/links.ts',
    from: '    from = upTo;\n',
    to: '',
    test: 'packages/model/src/identity/links.test.ts',
  },
  {
    lie: 'in the batch layer a link that does not count any more holds nothing of what its key had lost',
    law: '5',
    file: ADOPT,
    from: 'WHERE up_to IS NOT NULL',
    to: 'WHERE false',
    test: LOST_LINKS,
  },
  {
    lie: 'in the batch layer a link that does not count any more holds all that it did',
    law: '5',
    file: ADOPT,
    from: '(up_to IS NULL OR items.ts <= up_to)',
    to: 'true',
    test: MANY_LINKS,
  },
  {
    lie: 'in the batch layer what a link still holds of lost events is also of the one that counts under its name',
    law: '5',
    file: ADOPT,
    from: 'greatest(behind, max(up_to) OVER (',
    to: 'least(behind, min(up_to + 1e15) OVER (',
    test: MANY_LINKS,
  },
  {
    lie: 'of an erased key, rows go before it is withdrawn what a link holds that does not count any more',
    law: '9',
    file: 'packages/archive/src/rewrite/waiting.ts',
    from: 'UNION ALL FROM named WHERE is_held',
    to: '',
    test: 'packages/archive/src/rewrite/waiting.test.ts',
  },
  {
    lie: 'rows of an erased key go before it is withdrawn what it had lent by a link that does not count any more',
    law: '9',
    file: 'packages/archive/src/rewrite/waiting.ts',
    from: 'UNION ALL FROM named WHERE (user_key, owner) IN (SELECT user_key, owner FROM lenders)',
    to: '',
    test: 'packages/archive/src/rewrite/waiting.test.ts',
  },
  {
    lie: 'what an erased key had lent by a link that does not count any more stays where it was, with what took it back',
    law: '9',
    file: 'packages/model/src/identity/adoption.ts',
    from: ', ...(links.former ?? [])]',
    to: ']',
    test: 'jobs/recompute/test/erasure-lent.test.ts',
  },
  {
    lie: 'what was lent to a key and taken back is lent on once more where the key has lost it since',
    law: '3',
    file: 'services/speed/src/apply/apply-keyed.ts',
    from: 'event.ts <= key.lostTs && isApplied(run, event)',
    to: 'event.ts < 0 && isApplied(run, event)',
    test: FLOORS,
  },
  {
    lie: 'what is lent to a key for the first time is not lent on where the key has lost what is as old',
    law: '1',
    file: 'services/speed/src/apply/apply-keyed.ts',
    from: "return number <= (applied[from] ?? '');",
    to: 'return applied.length > from || number.length > 0;',
    test: FLOORS,
  },
  {
    lie: 'a link that does not count any more is listed as one of its key',
    law: '1',
    file: 'packages/views/src/identity/keys-of.ts',
    from: 'upTo === undefined',
    to: 'upTo !== 0',
    test: 'packages/views/src/identity/keys-of.test.ts',
  },
  {
    lie: 'a record keeps nothing of a link that holds up to an instant alone from now on',
    law: '1',
    file: 'services/speed/src/apply/apply-keyed.ts',
    from: 'change.beside ?? []',
    to: '[]',
    test: FLOORS,
  },
];
