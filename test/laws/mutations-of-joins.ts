/** Lies about events beside their matches. */
import type { Mutation } from './mutation-list.ts';

const JOINS = 'packages/signals/src/kinds/joins.ts';
const ORACLE = 'packages/signals/test/random.test.ts';
const CASES = 'packages/signals/test/golden.test.ts';

export const MUTATIONS_OF_JOINS: readonly Mutation[] = [
  {
    lie: 'an event of both sides of a join is a match of itself',
    law: '1',
    file: JOINS,
    from: 'known.has(event) && keyOf(event, on) === key ? 1 : 0',
    to: '0',
    test: ORACLE,
  },
  {
    lie: 'an event is left out of its own matches though its key there is another',
    law: '1',
    file: JOINS,
    from: 'known.has(event) && keyOf(event, on) === key ? 1 : 0',
    to: 'known.has(event) ? 1 : 0',
    test: ORACLE,
  },
  {
    lie: 'a match at the very end of its time is none',
    law: '1, 2',
    file: JOINS,
    from: 'lowerBound(same, event.ts + afterMs + 1)',
    to: 'lowerBound(same, event.ts + afterMs)',
    test: CASES,
  },
  {
    lie: 'a match may not come any more at the instant at which its time ends',
    law: '2, 7',
    file: JOINS,
    from: 'open: asOfMs <= event.ts + afterMs',
    to: 'open: asOfMs < event.ts + afterMs',
    test: CASES,
  },
  {
    lie: 'matches of before the oldest event of a join are not looked for',
    law: '1, 2, 7',
    file: JOINS,
    from: 'candidatesOf(timeline, to, oldestMs - beforeMs, asOfMs)',
    to: 'candidatesOf(timeline, to, oldestMs, asOfMs)',
    test: ORACLE,
  },
  {
    lie: 'a join says that it looked back no further than to its last event',
    law: '1, 2, 7',
    file: JOINS,
    from: 'return { value, fromMs: fromMs - beforeMs,',
    to: 'return { value, fromMs,',
    test: ORACLE,
  },
  {
    lie: 'two absent values are equal in a join of several fields',
    law: '1',
    file: JOINS,
    from: 'values.includes(undefined) ? undefined : JSON.stringify(values)',
    to: 'JSON.stringify(values)',
    test: ORACLE,
  },
];
