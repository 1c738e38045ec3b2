/** Lies about values of the past: which events they are made of. */
import type { Mutation } from './mutation-list.ts';

export const MUTATIONS_OF_TRAINING_SETS: readonly Mutation[] = [
  {
    lie: 'history reads of a user what all definitions look at, not what some do',
    law: '5',
    file: 'packages/archive/src/history/event-filter.ts',
    from: "[...conditions].join(' OR ')",
    to: "[...conditions].join(' AND ')",
    test: 'test/laws/law-5-history.test.ts',
  },
  {
    lie: 'the SQL of a condition takes a star in the name of a field for any name',
    law: '5',
    file: 'packages/signals/src/expressions/sql.ts',
    from: "if (!steps.some((step) => step.includes('*')))",
    to: 'if (steps.length > 0)',
    test: 'test/laws/law-5-expressions.test.ts',
  },
  {
    lie: 'the SQL of a condition takes a whole number beyond 2^53 for an exact one',
    law: '5',
    file: 'packages/signals/src/expressions/sql.ts',
    from: 'Number.MAX_SAFE_INTEGER',
    to: '(2 ** 62)',
    test: 'test/laws/law-5-expressions.test.ts',
  },
];
