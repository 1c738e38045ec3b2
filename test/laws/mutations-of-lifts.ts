/** Lies about lifts, erasures and publications that come at once, or die. */
import type { Mutation } from './mutation-list.ts';

const AT_ONCE = 'services/api/test/lifts-at-once.test.ts';

export const MUTATIONS_OF_LIFTS: readonly Mutation[] = [
  {
    lie: 'what a rollback left that was killed is not taken back as the API starts',
    law: '9',
    file: 'services/api/src/erasures/take-back.ts',
    from: 'if (found === null || manifest === null) return;',
    to: 'if (found === null || manifest !== undefined) return;',
    test: AT_ONCE,
  },
  {
    lie: 'readers get back a generation from before an erasure that was lifted since',
    law: '9',
    file: 'services/api/src/erasures/take-back.ts',
    from: "if (manifest?.state === 'computed' && (await liftedSince(deps, manifest)) === 0) return had;",
    to: "if (manifest?.state === 'computed') return had;",
    test: AT_ONCE,
  },
  {
    lie: 'two lifts of one user are done at the same moment',
    law: '9',
    file: 'services/api/src/erasures/one-at-a-time.ts',
    from: '(last.get(digest) ?? Promise.resolve()).then(work)',
    to: 'Promise.resolve().then(work)',
    test: AT_ONCE,
  },
  {
    lie: 'the end of a lift that another process took back stays away though the log has it',
    law: '9',
    file: 'services/api/src/erasures/lift.ts',
    from: 'if (after.lifted === null) await',
    to: 'if (after.lifted === undefined) await',
    test: AT_ONCE,
  },
  {
    lie: 'a lift that waited ends an erasure that was asked for meanwhile',
    law: '9',
    file: 'services/api/src/erasures/lift.ts',
    from: 'if (newest !== receipt.id) throw',
    to: "if (newest === '') throw",
    test: AT_ONCE,
  },
  {
    lie: 'an erasure that is asked for again writes over the lift of before',
    law: '9',
    file: 'services/api/src/erasures/erase.ts',
    from: 'const now = await desk.read(receipt.id);',
    to: 'const now = receipt;',
    test: AT_ONCE,
  },
  {
    lie: 'a user who was lifted while they were erased again is not erased',
    law: '9',
    file: 'services/api/src/erasures/erase.ts',
    from: 'if (lifted === null) continue;',
    to: 'if (lifted !== undefined) continue;',
    test: AT_ONCE,
  },
  {
    lie: 'a process that starts gives readers a generation from before a lifted erasure',
    law: '9',
    file: 'packages/serving/src/generations/served.ts',
    from: 'if ((await mayFallBack?.(manifest)) === false) continue;',
    to: '',
    test: AT_ONCE,
  },
  {
    lie: 'who was erased and lifted names no key that lent to them before, and may again',
    law: '7',
    file: 'services/speed/src/apply/apply-erasure.ts',
    from: 'isErased && run.definitions.joinedMs !== null',
    to: 'isErased && run.definitions.joinedMs === 0',
    test: 'services/speed/test/said-once.test.ts',
  },
];
