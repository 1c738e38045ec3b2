/** Lies about questions: how they are read, and what one may cost. */
import type { Mutation } from './mutation-list.ts';

const UNKNOWN = 'packages/reports/src/unknown-values.ts';
const ITS_TEST = 'packages/reports/test/unknown-values.test.ts';

export const MUTATIONS_OF_QUESTIONS: readonly Mutation[] = [
  {
    lie: 'any number of names is compared with values that no row has',
    law: '7',
    file: UNKNOWN,
    from: 'const COMPARED = 1_000;',
    to: 'const COMPARED = 1e9;',
    test: ITS_TEST,
  },
  {
    lie: 'each filter of a question has comparisons of its own',
    law: '7',
    file: UNKNOWN,
    from: 'left -= alike.length;',
    to: 'void left;',
    test: ITS_TEST,
  },
  {
    lie: 'every value that no row has is named in a note of its own',
    law: '7',
    file: UNKNOWN,
    from: 'const NAMED = 3;',
    to: 'const NAMED = 1e9;',
    test: ITS_TEST,
  },
  {
    lie: 'known names are sorted for each value that no row has',
    law: '7',
    file: UNKNOWN,
    from: 'sentenceOf(dimension, value, names, nearestOf',
    to: 'sentenceOf(dimension, value, [...names].sort(), nearestOf',
    test: ITS_TEST,
  },
  {
    lie: 'digits of any length are milliseconds in questions',
    law: '7',
    file: 'packages/contract/src/instants.ts',
    from: '/^(?:0|[1-9](?:\\d{9}|\\d{12}|\\d{15}))$/',
    to: '/^\\d{1,16}$/',
    test: 'services/api/test/bad-input.test.ts',
  },
  {
    lie: 'what stood still is summed in one piece',
    law: '7',
    file: 'packages/reports/src/rows/rows.ts',
    from: '% ROWS_PER_TURN === ROWS_PER_TURN - 1) await turn();',
    to: '% ROWS_PER_TURN === ROWS_PER_TURN) await turn();',
    test: 'packages/reports/test/stood-still.test.ts',
  },
];
