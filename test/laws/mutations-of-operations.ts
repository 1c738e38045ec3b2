/** Lies about what operators see and take away: exports of a generation, the page of the queues. */
import type { Mutation } from './mutation-list.ts';

const OF_EXPORT = 'services/api/test/generation-export.test.ts';

export const MUTATIONS_OF_OPERATIONS: readonly Mutation[] = [
  {
    lie: 'an export of a generation lists conversions of erased users',
    law: '9',
    file: 'services/api/src/routes/generation-export.ts',
    from: 'isErased: view === null ? await erasedUsers(context) : null',
    to: 'isErased: view === null && generation < 0 ? await erasedUsers(context) : null',
    test: OF_EXPORT,
  },
  {
    lie: 'who is erased is what was read last, which after a start is nothing',
    law: '9',
    file: 'services/api/src/erasures/erased-users.ts',
    from: 'await fromStore(board.recentStates())',
    to: 'await fromStore(Promise.resolve(board.states()))',
    test: OF_EXPORT,
  },
  {
    lie: 'a partition that was not there at the last look is not there',
    law: '9',
    file: 'packages/serving/src/freshness/speed-board.ts',
    from: 'if (isRecent && !states.includes(null)) return states;',
    to: 'if (isRecent) return states;',
    test: 'services/api/test/erasures.test.ts',
  },
  {
    lie: 'an export of a generation takes damaged files as they are',
    law: '7',
    file: 'packages/archive/src/readers/generation-file.ts',
    from: '      await checkFile(dataDir, file);\n',
    to: '',
    test: OF_EXPORT,
  },
  {
    lie: 'an export of a generation says no length',
    law: '7',
    file: 'services/api/src/routes/generation-export.ts',
    from: "      'content-length': bytes,\n",
    to: "      'x-length': bytes,\n",
    test: OF_EXPORT,
  },
  {
    lie: 'the file of an export keeps its name while it is read',
    law: '9',
    file: 'packages/archive/src/readers/generation-file.ts',
    from: '    await rm(folder, { recursive: true, force: true });\n  }\n}\n\nfunction filesOf',
    to: '  }\n}\n\nfunction filesOf',
    test: OF_EXPORT,
  },
  {
    lie: 'an export that broke off takes the place of the file that was there',
    law: '7',
    file: 'packages/cli/src/commands/batch-export.ts',
    from: '}.part`;',
    to: '}`;',
    test: 'packages/cli/test/batch-export.test.ts',
  },
  {
    lie: 'a page of the queues lists any number of jobs',
    law: '7',
    file: 'services/api/src/admin/queues-page.ts',
    from: '{ jobsPerPage: MOST_JOBS, page',
    to: '{ jobsPerPage: 1e12 + MOST_JOBS, page',
    test: 'services/api/test/queues-page.redis.test.ts',
  },
  {
    lie: 'segments that a block replaced go while another process replaces its files',
    law: '6',
    file: 'jobs/recompute/src/retire/merge-archive.ts',
    from: 'if ((await blocksToSweep(dataDir, partition, nowMs)).length > 0) sweep.push(partition);',
    to: 'await sweepMerged(dataDir, partition, nowMs);',
    test: 'jobs/recompute/test/merge-archive.test.ts',
  },
  {
    lie: 'what an erasure replaced goes with merged segments, before its time',
    law: '6',
    file: 'packages/archive/src/blocks.ts',
    from: 'const kept = new Set([...filesNamed(block), ...replaced.map(({ path }) => path)]);',
    to: 'const kept = filesNamed(block);',
    test: 'jobs/recompute/test/merge-archive.test.ts',
  },
];
