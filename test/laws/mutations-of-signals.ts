/** Lies about what definitions say of users' events. */
import type { Mutation } from './mutation-list.ts';

const KINDS = 'packages/signals/src/kinds';
const GOLDEN = 'packages/signals/test/golden.test.ts';
const RANDOM = 'packages/signals/test/random.test.ts';
const SERVED = 'packages/serving/src/users/signal-values.ts';
const VALUES = 'services/api/test/signal-values.test.ts';

export const MUTATIONS_OF_SIGNALS: readonly Mutation[] = [
  {
    lie: 'an event at the very begin of a sliding window does not count',
    law: '1',
    file: `${KINDS}/aggregates.ts`,
    from: "kind === 'sliding' ? asOfMs - ms",
    to: "kind === 'sliding' ? asOfMs - ms + 1",
    test: GOLDEN,
  },
  {
    lie: 'equally frequent values are in the order in which they were seen first',
    law: '2',
    file: `${KINDS}/measures.ts`,
    from: 'b.lastTs - a.lastTs || ',
    to: '',
    test: GOLDEN,
  },
  {
    lie: 'values of one instant are in the order of JavaScript',
    law: '5',
    file: 'packages/signals/src/text-order.ts',
    from: 'unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit',
    to: 'unit',
    test: GOLDEN,
  },
  {
    lie: 'on one instant entry comes before exit',
    law: '2',
    file: `${KINDS}/segments.ts`,
    from: '(inside.to <= ts || exits)',
    to: '(inside.to <= ts || (exits && !enters))',
    test: GOLDEN,
  },
  {
    lie: 'an episode began when it is first seen, though an earlier one may go on',
    law: '7',
    file: `${KINDS}/segments.ts`,
    from: 'let hiddenToMs = fromMs - 1 + ttlMs;',
    to: 'let hiddenToMs = fromMs;',
    test: RANDOM,
  },
  {
    lie: 'sessions are cut at the begin of what is looked at',
    law: '1',
    file: `${KINDS}/sessions.ts`,
    from: 'const sessions = sessionsOf(select(timeline, fromMs - BEFORE_SESSION_MS, asOfMs), gapMs);',
    to: 'const sessions = sessionsOf(select(timeline, fromMs, asOfMs), gapMs);',
    test: RANDOM,
  },
  {
    lie: 'a sum that leaves the safe integers loses digits',
    law: '1',
    file: `${KINDS}/exact.ts`,
    from: 'Number.isSafeInteger(sum) && isSafeAllAlong(values)',
    to: 'Number.isFinite(sum)',
    test: GOLDEN,
  },
  {
    lie: 'the second copy of an event counts in place of the first',
    law: '3',
    file: 'packages/signals/src/timeline.ts',
    from: 'if (!byId.has(event.id)) byId.set(event.id, event);',
    to: 'byId.set(event.id, event);',
    test: RANDOM,
  },
  {
    lie: 'a list says that it looked back further than to its last entry',
    law: '7',
    file: `${KINDS}/events.ts`,
    from: 'kept.length === count && oldest !== undefined ? oldest.ts : asOfMs - ageMs',
    to: 'kept.length === count && oldest !== undefined ? oldest.ts + 1 : asOfMs - ageMs',
    test: RANDOM,
  },
  {
    lie: 'a value is given though the record lost what it looks at',
    law: '7',
    file: SERVED,
    from: 'const cutMs = Math.max(markedMs, boundMs, agedMs);',
    to: 'const cutMs = Math.max(boundMs, agedMs);',
    test: VALUES,
  },
  {
    lie: 'a value is given though records do not reach back as far yet',
    law: '7',
    file: SERVED,
    from: 'if (fromMs <= keptFromMs)',
    to: 'if (fromMs < keptFromMs)',
    test: VALUES,
  },
  {
    lie: 'a value of an earlier instant is given though records let go of what it looks at',
    law: '7',
    file: 'services/api/src/routes/signal-values.ts',
    from: 'agedMs: state === null ? NEVER_CUT : state.logTimeMs - reachMs,',
    to: 'agedMs: state === null ? NEVER_CUT : state.logTimeMs - 2 * reachMs,',
    test: VALUES,
  },
  {
    lie: 'events beyond what is read of a record are not missed',
    law: '7',
    file: SERVED,
    from: 'return { timeline: newestFirst(events), boundMs: ts };',
    to: 'return { timeline: newestFirst(events), boundMs: ts < 0 ? ts : NEVER_CUT };',
    test: VALUES,
  },
  {
    lie: 'now is before an event that was applied',
    law: '7',
    file: 'services/api/src/routes/signal-values.ts',
    from: 'Math.max(deps.now(), ...logTimes.map((ms) => ms + 1))',
    to: 'Math.max(deps.now(), ...logTimes.map((ms) => ms * 0))',
    test: VALUES,
  },
  {
    lie: 'a condition is computed of all events, whatever the time',
    law: '7',
    file: `${KINDS}/select.ts`,
    from: '      timeline.pause();\n',
    to: '',
    test: 'packages/serving/test/signal-values.test.ts',
  },
  {
    lie: 'signals change the version of rows',
    law: '1',
    file: 'packages/model/src/definitions.ts',
    from: 'const { rules: stored, once, exchangeRates, derived, ...chosen } = parsed;',
    to: 'const { rules: stored, once, exchangeRates, ...chosen } = parsed;\n  const { derived } = chosen;',
    test: 'packages/model/src/definitions.test.ts',
  },
];
