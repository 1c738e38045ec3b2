/** Lies about what was in flight between keys at the cut of a generation. */
import type { Mutation } from './mutation-list.ts';

const RETIREMENT = 'test/contract/store.test.ts';
const IN_FLIGHT = 'packages/serving/src/freshness/in-flight.test.ts';

export const MUTATIONS_OF_CUTS: readonly Mutation[] = [
  {
    lie: 'a generation alone lacks nothing that was in flight at its cut',
    law: '7',
    file: 'packages/serving/src/meta.ts',
    from: "  if (layers === 'batch') holes.push(...atCut);\n",
    to: '',
    test: 'services/api/test/joined-keys.test.ts',
  },
  {
    lie: 'the list of conversions lacks nothing that was in flight at the cut of its generation',
    law: '7',
    file: 'services/api/src/routes/conversions.ts',
    from: '...(isJoined ? gapsAtCut(context.board.states(), manifest) : []),',
    to: '',
    test: 'services/api/test/joined-keys.test.ts',
  },
  {
    lie: 'a generation alone is complete where real time has not read up to its cut',
    law: '7',
    file: 'packages/serving/src/freshness/in-flight.ts',
    from: 'if (unread > 0)',
    to: 'if (unread < 0)',
    test: IN_FLIGHT,
  },
  {
    lie: 'what was in flight at a cut is what is in flight now',
    law: '7',
    file: 'packages/serving/src/freshness/in-flight.ts',
    from: 'const relayed = state?.crossed?.get(generation);',
    to: 'const relayed = state?.relayed;',
    test: IN_FLIGHT,
  },
  {
    lie: 'followers keep what was relayed at the first barrier alone',
    law: '7',
    file: 'packages/store/src/format/feed.ts',
    from: 'noted(before?.crossed, next.generation, next.relayed, from)',
    to: '(before?.crossed ?? noted(before?.crossed, next.generation, next.relayed, from))',
    test: RETIREMENT,
  },
  {
    lie: 'what was relayed at the barrier of each generation is kept for as long as it is',
    law: '7',
    file: 'packages/store/src/format/feed.ts',
    from: 'g <= generation - CROSSED ? null : said',
    to: 'said',
    test: RETIREMENT,
  },
  {
    lie: 'at a cut of which it was forgotten nothing was in flight',
    law: '7',
    file: 'packages/serving/src/freshness/in-flight.ts',
    from: '?.get(generation) === null)',
    to: '?.get(-1) === null)',
    test: IN_FLIGHT,
  },
  {
    lie: 'a training set does not say what was in flight between keys at the cut of its generation',
    law: '7',
    file: 'services/api/src/routes/training-sets.ts',
    from: 'isDone ? await lacks(context, result.generation) : []',
    to: '[]',
    test: 'services/api/test/training-sets.test.ts',
  },
  {
    lie: 'a training set lacks nothing once its generation is gone',
    law: '7',
    file: 'services/api/src/routes/training-sets.ts',
    from: 'if (served === null ||',
    to: 'if (served === null || manifest === null ||',
    test: 'services/api/test/training-sets.test.ts',
  },
  {
    lie: 'an export does not say what was in flight between keys at the cut of its generation',
    law: '7',
    file: 'services/api/src/routes/generation-export.ts',
    from: '      ...inFlightAt(manifest, context),\n',
    to: '',
    test: 'services/api/test/generation-export.test.ts',
  },
  {
    lie: 'the command that exports a generation keeps what the file lacks to itself',
    law: '7',
    file: 'packages/cli/src/api-client.ts',
    from: 'if (lack !== null) onLack(lack);',
    to: '',
    test: 'packages/cli/test/batch-export.test.ts',
  },
];
