/** Lies about staged generations. */
import type { Mutation } from './mutation-list.ts';

const ARCHIVE = 'packages/archive/src';
const RECOMPUTE = 'jobs/recompute/src';
const STAGED = 'jobs/recompute/test/staged.test.ts';

export const MUTATIONS_OF_STAGING: readonly Mutation[] = [
  {
    lie: 'a staged generation is published as soon as it is computed',
    law: '7',
    file: `${RECOMPUTE}/publish/publication.ts`,
    from: "facts.staged === undefined || promotesItself(facts.staged) ? 'publish' : 'staged'",
    to: "'publish'",
    test: STAGED,
  },
  {
    lie: 'a staged generation that could not be compared promotes itself',
    law: '7',
    file: `${RECOMPUTE}/reconcile/report.ts`,
    from: 'if (failure !== undefined || because.speedBehind.length > 0) return null;',
    to: 'if (failure !== undefined) return null;',
    test: STAGED,
  },
  {
    lie: 'what goes from one row to another does not count as moved',
    law: '7',
    file: `${RECOMPUTE}/reconcile/report.ts`,
    from: '  if (moved === 0) return 0;',
    to: '  if (moved !== 0 || moved === 0) return 0;',
    test: STAGED,
  },
  {
    lie: 'a scheduled run publishes while a staged generation waits',
    law: '7',
    file: `${RECOMPUTE}/publish/publication.ts`,
    from: '(current?.held || isHeldBack(facts.waitsSince, facts.now))',
    to: 'current?.held',
    test: STAGED,
  },
  {
    lie: 'a staged generation is retired while it waits',
    law: '7',
    file: `${ARCHIVE}/retire.ts`,
    from: '...(staged === null ? [] : [staged.generation])',
    to: '...(staged === null ? [] : [])',
    test: STAGED,
  },
  {
    lie: 'a discarded generation may be published again',
    law: '7',
    file: `${ARCHIVE}/retire.ts`,
    from: 'upTo: Math.max(upTo, generation), generations',
    to: 'upTo, generations',
    test: STAGED,
  },
  {
    lie: 'a staged run takes up an edit of the definitions',
    law: '1',
    file: `${RECOMPUTE}/begin/draft.ts`,
    from: 'isKeptBack && inForce !== null ? null : file',
    to: 'file',
    test: STAGED,
  },
  {
    lie: 'a scheduled run takes up an edit of the definitions while a staged generation waits',
    law: '7',
    file: `${RECOMPUTE}/begin/draft.ts`,
    from: 'run.promotion !== undefined || isWaitedFor',
    to: 'run.promotion !== undefined',
    test: STAGED,
  },
  {
    lie: 'a discard takes its number from the files alone',
    law: '7',
    file: `${ARCHIVE}/retire.ts`,
    from: 'discarded: generation, kept }, above);',
    to: 'discarded: generation, kept }, 0 * above);',
    test: STAGED,
  },
  {
    lie: 'a discard does not look at the pointer',
    law: '7',
    file: 'services/api/src/routes/generations.ts',
    from: 'deps.source.discard(newest?.sequence ?? 0, draft, pointer?.sequence ?? 0)',
    to: 'deps.source.discard(newest?.sequence ?? 0, draft)',
    test: 'services/api/test/staged.test.ts',
  },
  {
    lie: 'a staged generation that cannot be loaded is read again by each request',
    law: '7',
    file: 'packages/serving/src/generations/staged.ts',
    from: 'failed?.generation === generation && now() - failed.atMs < RETRY_MS',
    to: 'failed?.generation === generation && now() < failed.atMs',
    test: 'packages/serving/test/staged.test.ts',
  },
  {
    lie: 'a staged generation stays in memory beside the copy that readers get',
    law: '7',
    file: 'packages/serving/src/generations/staged.ts',
    from: 'held.generation <= published || ',
    to: '',
    test: 'packages/serving/test/staged.test.ts',
  },
  {
    lie: 'a generation is promoted over another than the one it was compared with',
    law: '7',
    file: 'services/api/src/routes/generations.ts',
    from: 'comparedWith !== given && given !== generation',
    to: 'comparedWith > given && given !== generation',
    test: 'services/api/test/staged.test.ts',
  },
];
