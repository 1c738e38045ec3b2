/** Lies about users who were erased, in either layer. */
import type { Mutation } from './mutation-list.ts';

const COMPUTE = 'packages/archive/src/compute';
const TEST = 'jobs/recompute/test/erasure.test.ts';
const PAST = 'jobs/recompute/test/erasure-past.test.ts';

export const MUTATIONS_OF_ERASURE: readonly Mutation[] = [
  {
    lie: 'what comes of an erased user counts in real time',
    law: '9',
    file: 'services/speed/src/apply/apply.ts',
    from: 'else if (user.isErased) effects.refused++;',
    to: 'else if (user.isErased && user.recordLength > 1e9) effects.refused++;',
    test: TEST,
  },
  {
    lie: 'the rows of an erased user stay in real time',
    law: '9',
    file: 'services/speed/src/apply/apply-erasure.ts',
    from: '    addRowsByView(effects.deltas, deltas);\n',
    to: '',
    test: TEST,
  },
  {
    lie: 'the record of an erased user stays',
    law: '9',
    file: 'services/speed/src/apply/apply.ts',
    from: 'rewrites: new Map([...erased].map(',
    to: 'rewrites: new Map([...erased].slice(9).map(',
    test: TEST,
  },
  {
    lie: 'an erasure says nothing of what lies after the next cut',
    law: '9',
    file: `${COMPUTE}/forget.ts`,
    from: '...(before.erased ?? []).filter((digest) => !(digest in now.lifted)), ...now.erased',
    to: '...now.erased',
    test: TEST,
  },
  {
    lie: 'what a generation builds upon keeps an erased user',
    law: '9',
    file: `${COMPUTE}/forget.ts`,
    from: "(await countOf(session, 'erased_now')) === 0",
    to: "(await countOf(session, 'erased_now')) >= 0",
    test: TEST,
  },
  {
    lie: 'a lift before an erasure lifts it',
    law: '9',
    file: `${COMPUTE}/forget.sql`,
    from: 'AND (begun.place IS NULL OR lifts.place > begun.place)',
    to: '',
    test: TEST,
  },
  {
    lie: 'ids of before an erasure make duplicates of what comes after it is lifted',
    law: '9',
    file: `${COMPUTE}/shard.ts`,
    from: "'ANTI JOIN erased_now USING (user_key)'",
    to: "''",
    test: TEST,
  },
  {
    lie: 'what corrections read again of a user who was lifted is what came before',
    law: '9',
    file: `${COMPUTE}/corrections.ts`,
    from: "if (lifted !== undefined) await dropForgotten(session, spec.dataDir, { lifted }, 'sent');",
    to: '',
    test: PAST,
  },
  {
    lie: 'values of the past look at what a user sent before they were lifted',
    law: '9',
    file: `${COMPUTE}/forget.ts`,
    from: '(held.position, held.entry_index) <= (said.position, said.entry_index)',
    to: 'false',
    test: PAST,
  },
  {
    lie: 'values of the past look at users who are erased',
    law: '9',
    file: 'packages/archive/src/history/past-values.ts',
    from: "await dropForgotten(session, past.dataDir, past.forgotten, 'events');",
    to: '',
    test: PAST,
  },
  {
    lie: 'who is drawn from the archive may be erased',
    law: '9',
    file: 'packages/archive/src/history/sampled-users.ts',
    from: 'if (erased.length === 0)',
    to: 'if (erased.length >= 0)',
    test: PAST,
  },
  {
    lie: 'a key of digests that is gone is made again',
    law: '9',
    file: 'packages/archive/src/erasure-key.ts',
    from: '    await demandNoDigests(dataDir);\n',
    to: '',
    test: PAST,
  },
];
