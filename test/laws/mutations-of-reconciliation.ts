/** Lies about the causes of differences between real time and the batch. */
import type { Mutation } from './mutation-list.ts';

const EXAMINE_USER = 'jobs/recompute/src/reconcile/examine-user.ts';
const LAW = 'test/laws/law-8-reconciled.test.ts';

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
];
