/** Lies about the files of views, which add up over generations (decision 54). */
import type { Mutation } from './mutation-list.ts';

const FILES = 'packages/archive/src/compute/view-files.ts';
const ADDED = 'packages/archive/src/compute/added-files.ts';
const OF_FILES = 'packages/archive/src/compute/view-files.test.ts';
const OF_ADDED = 'packages/archive/src/compute/added-files.test.ts';

export const MUTATIONS_OF_VIEW_FILES: readonly Mutation[] = [
  {
    lie: 'what a run changes of a view takes the place of the files of its base',
    law: '1',
    file: FILES,
    from: 'if (stay.length > 0) return [...stay, ...(await',
    to: 'if (stay.length > 0) return [...stay.slice(1), ...(await',
    test: OF_FILES,
  },
  {
    lie: 'rows of files that go are left out of the file that replaces them',
    law: '1',
    file: ADDED,
    from: '{ stay: [largest], summed: others }',
    to: '{ stay: [largest], summed: [] }',
    test: OF_ADDED,
  },
  {
    lie: 'only the first file of a view is read',
    law: '1',
    file: 'packages/archive/src/views.ts',
    from: '  for (const file of files)\n',
    to: '  for (const file of files.slice(0, 1))\n',
    test: OF_FILES,
  },
  {
    lie: 'the files of a view grow in number with each run',
    law: '7',
    file: ADDED,
    from: 'held.length < MOST_FILES',
    to: 'held.length > 0',
    test: OF_ADDED,
  },
  {
    lie: 'files that were added to a view may outgrow it',
    law: '7',
    file: ADDED,
    from: 'added > mostShare * largest.rows',
    to: 'changed > mostShare * largest.rows',
    test: OF_ADDED,
  },
  {
    lie: 'rows by groups in several files are not counted together',
    law: '7',
    file: ADDED,
    from: ' || (most !== null && largest.rows + added > most)',
    to: '',
    test: OF_ADDED,
  },
  {
    lie: 'an answer to a question names files of the generation that it is built upon',
    law: '7',
    file: 'jobs/question/src/compute-views.ts',
    from: ', apart: true }',
    to: ' }',
    test: 'jobs/question/test/other-definitions.test.ts',
  },
  {
    lie: 'a generation names only the newest file of a view, so that the others go with its base',
    law: '7',
    file: 'packages/archive/src/generations.ts',
    from: '...Object.values(views).flat()',
    to: '...Object.values(views).flatMap((files) => files.slice(-1))',
    test: 'packages/archive/src/generations.test.ts',
  },
  {
    lie: 'an exported view has a row of a key from each of its files',
    law: '1',
    file: 'packages/archive/src/readers/generation-file.ts',
    from: 'files.length === 1) await copy(rows)',
    to: 'files.length > 0) await copy(rows)',
    test: 'services/api/test/generation-export.test.ts',
  },
  {
    lie: 'names that an erased user alone sent stay in files of views that a generation takes over',
    law: '9',
    file: 'packages/archive/src/compute/compute.ts',
    from: 'apart: forgetsMore(spec.base ?? {}, forgotten),',
    to: 'apart: !forgetsMore(spec.base ?? {}, forgotten) && false,',
    test: 'jobs/recompute/test/erasure.test.ts',
  },
  {
    lie: 'of a view that a run does not change only the largest file stays',
    law: '1',
    file: FILES,
    from: 'return [...held];',
    to: 'return held.slice(0, 1);',
    test: OF_FILES,
  },
  {
    lie: 'a view with rows has no file where its base has none',
    law: '1',
    file: FILES,
    from: 'if (changed === 0 && (held',
    to: 'if (changed >= 0 && (held',
    test: OF_FILES,
  },
  {
    lie: 'views of a generation of an earlier version cannot be read',
    law: '1',
    file: 'packages/archive/src/manifest-file.ts',
    from: 'z.union([z.array(storedFile), storedFile.transform((file) => [file])])',
    to: 'z.union([z.array(storedFile)])',
    test: 'packages/archive/src/generations.test.ts',
  },
  {
    lie: 'files of views that stay as they are in the base are not verified',
    law: '7',
    file: 'packages/archive/src/compute/verified.ts',
    from: '[...Object.values(base.views).flat(), ...base.conversions]',
    to: '[...base.conversions]',
    test: 'jobs/recompute/test/damaged-base.test.ts',
  },
];
