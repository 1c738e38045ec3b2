/** Lies about archived events that are retired by age. */
import type { Mutation } from './mutation-list.ts';

const RETENTION = 'packages/archive/src/retention';
const RUNS = 'jobs/recompute/test/retention.test.ts';

export const MUTATIONS_OF_RETENTION: readonly Mutation[] = [
  {
    lie: 'a file goes whose last day is not old enough',
    law: '1',
    file: `${RETENTION}/plan.ts`,
    from: 'return end <= before;',
    to: 'return end - 86_400_000 <= before;',
    test: 'packages/archive/src/retention/plan.test.ts',
  },
  {
    lie: 'events may go that records still look back on',
    law: '1',
    file: `${RETENTION}/plan.ts`,
    from: 'Math.min(nowMs, createdAt) - keptMs(definitions) - DAY_MS',
    to: 'nowMs - DAY_MS',
    test: 'packages/archive/src/retention/plan.test.ts',
  },
  {
    lie: 'events go that came after the oldest kept generation',
    law: '1',
    file: `${RETENTION}/plan.ts`,
    from: 'Math.min(number, lastSegment[partition] ?? -1)',
    to: 'Math.max(number, lastSegment[partition] ?? -1)',
    test: RUNS,
  },
  {
    lie: 'a full run computes from what is left of the archive',
    law: '1',
    file: 'jobs/recompute/src/begin/draft.ts',
    from: "isRetired ? 'incremental' : run.mode",
    to: 'run.mode',
    test: RUNS,
  },
  {
    lie: 'what the archive lacks is noted after the first manifest changed',
    law: '7',
    file: `${RETENTION}/retire-events.ts`,
    from: '  await writeRetired(dataDir, begun);',
    to: '',
    test: RUNS,
  },
  {
    lie: 'files go while readers may still read them by the list of before',
    law: '7',
    file: `${RETENTION}/retire-events.ts`,
    from: 'await removeReplaced(dataDir, before.replaced);',
    to: 'await removeReplaced(dataDir, [...before.replaced, ...before.replacing]);',
    test: RUNS,
  },
  {
    lie: 'a file goes that a repaired manifest names again',
    law: '6',
    file: `${RETENTION}/retire-events.ts`,
    from: 'if (!named.has(path)) await rm',
    to: 'await rm',
    test: RUNS,
  },
  {
    lie: 'a generation from what is left says that it is whole',
    law: '7',
    file: `${RETENTION}/plan.ts`,
    from: 'if (before === null || !isBehind) return wholeFromMs;',
    to: 'if (before === null || base === null || !isBehind) return wholeFromMs;',
    test: RUNS,
  },
  {
    lie: 'a generation that is built upon it says that it is whole',
    law: '7',
    file: `${RETENTION}/plan.ts`,
    from: '!isBehind) return wholeFromMs;',
    to: '!isBehind) return undefined;',
    test: RUNS,
  },
  {
    lie: 'an older copy of the generations goes on within what was retired, and says that it is whole',
    law: '7',
    file: `${RETENTION}/plan.ts`,
    from: 'if (before === null || !isBehind)',
    to: 'if (before === null || base !== null)',
    test: RUNS,
  },
  {
    lie: 'real time follows a correction of retired events',
    law: '7',
    file: `${RETENTION}/plan.ts`,
    from: 'first.fromMs >= before',
    to: 'first.fromMs >= 0',
    test: RUNS,
  },
  {
    lie: 'an answer about days whose events were retired is complete',
    law: '7',
    file: 'packages/serving/src/freshness/retired-days.ts',
    from: 'fromMs !== null && fromMs >= wholeFromMs',
    to: 'fromMs === null || fromMs >= wholeFromMs - 86_400_000',
    test: 'services/api/test/retired-days.test.ts',
  },
];
