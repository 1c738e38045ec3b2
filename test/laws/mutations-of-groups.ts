/** Lies about rows by groups of users, which the intervals of rules are taken from. */
import type { Mutation } from './mutation-list.ts';

const ITS_TEST = 'services/api/test/rule-intervals.test.ts';

export const MUTATIONS_OF_GROUPS: readonly Mutation[] = [
  {
    lie: 'the credit of a rule in a group is that of the others',
    law: '1',
    file: 'packages/serving/src/generations/groups.ts',
    from: 'if (model === undefined || name === model)',
    to: 'if (model === undefined || name !== model)',
    test: ITS_TEST,
  },
  {
    lie: 'a group is what the generation has counted of it',
    law: '1',
    file: 'packages/serving/src/snapshot.ts',
    from: 'plus(ofGeneration.answer(partition, ofBatch), live);',
    to: 'ofGeneration.answer(partition, ofBatch);',
    test: ITS_TEST,
  },
  {
    lie: 'credit is filed under any of the groups',
    law: '5',
    file: 'packages/views/src/credit/batch.sql',
    from: 'SELECT filed_no, partition, place_no, unnest([',
    to: 'SELECT filed_no, 0 AS partition, place_no, unnest([',
    test: 'test/laws/two-engines-journeys.test.ts',
  },
  {
    lie: 'paths are filed under any of the groups',
    law: '5',
    file: 'packages/views/src/paths/batch.sql',
    from: 'SELECT filed_no, partition, list_transform(',
    to: 'SELECT filed_no, 0 AS partition, list_transform(',
    test: 'test/laws/two-engines-journeys.test.ts',
  },
  {
    lie: 'rows by groups are kept however many there are',
    law: '7',
    file: 'packages/archive/src/compute/output.ts',
    from: 'if (mostRows === null || rows <= mostRows) return keep();',
    to: 'if (mostRows === null || rows >= 0) return keep();',
    test: 'packages/archive/src/compute/view-files.test.ts',
  },
  {
    lie: 'what a base left out is made whole by what is new',
    law: '7',
    file: 'packages/archive/src/compute/view-files.ts',
    from: 'if (spec.reuseRows && spec.base?.leftOut',
    to: 'if (!spec.reuseRows && spec.base?.leftOut',
    test: 'packages/archive/src/compute/view-files.test.ts',
  },
  {
    lie: 'rows that are too many are said to come with the next generation',
    law: '7',
    file: 'packages/serving/src/generations/groups.ts',
    from: 'manifest.leftOut?.includes(name)',
    to: 'manifest.leftOut === undefined',
    test: ITS_TEST,
  },
  {
    lie: 'the share among chosen rows has the interval of the whole',
    law: '7',
    file: 'packages/reports/src/rows/channel-figures.ts',
    from: "return equal['channel'] === undefined ? intervals",
    to: "return equal['channel'] !== '' ? intervals",
    test: ITS_TEST,
  },
  {
    lie: 'the earlier window of a change is certain',
    law: '7',
    file: 'packages/reports/src/question.ts',
    from: '{ ...question, days: before, before: days }',
    to: '{ ...question, days: before, before: days, parameters: { ...question.parameters, intervals: null } }',
    test: ITS_TEST,
  },
];
