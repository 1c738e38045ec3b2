/** Lies about the causes of differences between real time and the batch. */
import type { Mutation } from './mutation-list.ts';

const EXAMINE_USER = 'jobs/recompute/src/reconcile/examine-user.ts';
const LAW = 'test/laws/law-8-reconciled.test.ts';
const RECONCILE = 'jobs/recompute/src/reconcile';
const RECONCILED = 'jobs/recompute/test/reconciled.test.ts';

export const MUTATIONS_OF_RECONCILIATION: readonly Mutation[] = [
  {
    lie: 'a copy with another instant is called late',
    law: '8',
    file: EXAMINE_USER,
    from: 'arrived.filter(({ isCopy }) => !isCopy),',
    to: 'arrived.filter(({ isCopy }) => isCopy || !isCopy),',
    test: LAW,
  },
  {
    lie: 'what lies beyond retention is called late',
    law: '8',
    file: EXAMINE_USER,
    from: '.filter((event) => !withoutCopies.beyond.has(event));',
    to: '.filter((event) => !withoutCopies.beyond.has(event) || true);',
    test: LAW,
  },
  {
    lie: 'a late event explains its own rows, and none of those around it',
    law: '8',
    file: EXAMINE_USER,
    from: 'return { fromMs: fromMs - marginMs, toMs: toMs + marginMs };',
    to: 'return { fromMs: fromMs - 0 * marginMs, toMs };',
    test: LAW,
  },
  {
    lie: 'users of one batch are examined again in the next',
    law: '8',
    file: `${RECONCILE}/examine.ts`,
    from: `WHERE batch = $\{batch}`,
    to: `WHERE batch <= $\{batch}`,
    test: 'jobs/recompute/test/reconciled.test.ts',
  },
  {
    lie: 'what was not examined is called an engine defect',
    law: '7',
    file: `${RECONCILE}/reconcile-views.ts`,
    from: "asked === 'engineDefect' && examined.unexamined > 0 ? 'unexamined' : asked",
    to: "asked === 'engineDefect' && examined.unexamined > 0 ? asked : asked",
    test: RECONCILED,
  },
  {
    lie: 'a copy from before the cut that real time still holds is an engine defect',
    law: '8',
    file: `${RECONCILE}/reconcile-views.ts`,
    from: 'hasDefects(first) ? await reconcileOnce(spec, true) : first',
    to: 'hasDefects(first) ? first : first',
    test: RECONCILED,
  },
  {
    lie: 'a speed layer that is behind is an engine defect',
    law: '7',
    file: `${RECONCILE}/report.ts`,
    from: "return 'behind';",
    to: "return 'engineDefect';",
    test: RECONCILED,
  },
  {
    lie: 'where rows are many, what causes explain is in the remainder as well',
    law: '5',
    file: `${RECONCILE}/compare-sql.ts`,
    from: '_explained`)})`);',
    to: '_explained`)} * 0)`);',
    test: 'jobs/recompute/test/compare-views.test.ts',
  },
  {
    lie: 'engine defects that cancel each other in the sum are none',
    law: '7',
    file: `${RECONCILE}/report.ts`,
    from: 'sum + (classes.engineDefect?.rows ?? 0), 0);',
    to: 'sum + Math.abs(Number(Object.values(classes.engineDefect?.totals ?? {})[0]?.difference ?? 0)), 0);',
    test: RECONCILED,
  },
  {
    lie: 'an event that came within an hour came within ten minutes too',
    law: '8',
    file: `${RECONCILE}/examine.ts`,
    from: "const above = i === 0 ? '' :",
    to: "const above = i >= 0 ? '' :",
    test: RECONCILED,
  },
  {
    lie: 'a schedule by a time that each look draws is taken',
    law: '7',
    file: 'packages/queue/src/schedules.ts',
    from: '/(?<![a-z])h/i.test(cron) || ',
    to: '',
    test: 'packages/queue/test/schedules.redis.test.ts',
  },
  {
    lie: 'what a timeline could not hold is called an engine defect',
    law: '7',
    file: `${RECONCILE}/report.ts`,
    from: "return because.overflowedUsers > 0 ? 'overflow' : 'engineDefect';",
    to: "return 'engineDefect';",
    test: RECONCILED,
  },
  {
    lie: 'within a tolerance an engine defect passes',
    law: '7',
    file: 'packages/cli/src/commands/reconcile.ts',
    from: '(report.engineDefectRows ?? 0) === 0 && smape <= tolerance',
    to: 'smape <= tolerance',
    test: 'packages/cli/test/api-commands.test.ts',
  },
  {
    lie: 'what was sent as history is reported as late, whenever it came',
    law: '8',
    file: `${RECONCILE}/examine.ts`,
    from: 'WHERE historical AND ',
    to: 'WHERE historical OR ',
    test: RECONCILED,
  },
];
