/** Lies about how far computations beside the platform are. */
import type { Mutation } from './mutation-list.ts';

const TEST = 'services/api/test/computations.test.ts';

export const MUTATIONS_OF_COMPUTATIONS: readonly Mutation[] = [
  {
    lie: 'a computation that says nothing runs, as long as nothing waits for it',
    law: '7',
    file: 'services/api/src/computation-seen.ts',
    from: "if (isSilent) return 'STANDS_STILL';",
    to: "if (isSilent && reported === null) return 'STANDS_STILL';",
    test: TEST,
  },
  {
    lie: 'what an earlier version of a computation said is of the registered one',
    law: '7',
    file: 'services/api/src/computation-seen.ts',
    from: 'said?.version === version ? said : null',
    to: '(said ?? null)',
    test: TEST,
  },
  {
    lie: 'no line waits for a computation that reports a place of another output log',
    law: '7',
    file: 'services/api/src/stream/computation-watch.ts',
    from: '.`)) return null;',
    to: '.`)) return 0;',
    test: TEST,
  },
  {
    lie: 'answers say what was known of computations when values were last asked for',
    law: '7',
    file: 'services/api/src/stream/computation-watch.ts',
    from: 'if (ageMs >= STALE_MS && ',
    to: 'if (ageMs === Number.POSITIVE_INFINITY && ',
    test: TEST,
  },
  {
    lie: 'answers say nothing of a computation that stands still',
    law: '7',
    file: 'services/api/src/http/find-values.ts',
    from: ', ...ofComputations]',
    to: ']',
    test: TEST,
  },
  {
    lie: 'a program of another version reports for the registered computation',
    law: '7',
    file: 'services/api/src/routes/computations.ts',
    from: 'registered.version !== version',
    to: 'registered.version === undefined',
    test: TEST,
  },
];
