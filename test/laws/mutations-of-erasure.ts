/** Lies about users who were erased, in either layer. */
import type { Mutation } from './mutation-list.ts';

const COMPUTE = 'packages/archive/src/compute';
const TEST = 'jobs/recompute/test/erasure.test.ts';

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
    from: 'return [...new Set([...before.filter((digest) => !gone.has(digest)), ...erased])].sort();',
    to: 'return [...new Set(erased)].filter((digest) => !gone.has(digest)).sort();',
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
];
