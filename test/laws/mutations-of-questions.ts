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
  {
    lie: 'what every answer lacks, no answer about users lacks',
    law: '7',
    file: 'packages/serving/src/gaps.ts',
    from: 'partition === null || partitions.has(partition)',
    to: 'partition !== null && partitions.has(partition)',
    test: 'services/api/test/no-silent-holes.test.ts',
  },
  {
    lie: 'a question about users lacks what the last of them lacks',
    law: '7',
    file: 'services/api/src/routes/signals.ts',
    from: 'metaText(selections, lacks, notes)',
    to: 'metaText(new Set([...selections.keys()].slice(-1)), lacks, notes)',
    test: 'services/api/test/no-silent-holes.test.ts',
  },
  {
    lie: 'lost writes of a partition are of its neighbour',
    law: '7',
    file: 'packages/serving/src/freshness/speed-health.ts',
    from: "reason: 'writes_lost' as const, partition, text",
    to: "reason: 'writes_lost' as const, partition: partition + 1, text",
    test: 'test/laws/law-7-lag.test.ts',
  },
  {
    lie: 'another history of a partition is of the first one',
    law: '7',
    file: 'packages/serving/src/freshness/one-history.ts',
    from: "reason: 'other_history', partition, text",
    to: "reason: 'other_history', partition: 0, text",
    test: 'test/laws/law-7-one-history.test.ts',
  },
  {
    lie: 'a table is read twice also where it can be read once',
    law: '7',
    file: 'packages/cli/src/commands/import-csv.ts',
    from: "file !== '-' && (await shell.isFile(file))",
    to: "file !== '-'",
    test: 'packages/cli/test/import-csv-end.test.ts',
  },
  {
    lie: 'quotes hide no separators from the count of columns',
    law: '7',
    file: 'packages/importing/src/files/cut-row.ts',
    from: '/["\\0\\ufffd]/',
    to: '/[\\0\\ufffd]/',
    test: 'packages/cli/test/import-csv-end.test.ts',
  },
];
