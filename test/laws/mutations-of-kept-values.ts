/** Lies about values that are kept as long as they last. */
import type { Mutation } from './mutation-list.ts';

const KEPT = 'packages/serving/src/users/kept-values.ts';
const RANDOM = 'packages/signals/test/random.test.ts';
const WORLDS = 'services/api/test/kept-values.test.ts';

export const MUTATIONS_OF_KEPT_VALUES: readonly Mutation[] = [
  {
    lie: 'copies of records of users who were erased stay for as long as there is room',
    law: '9',
    file: KEPT,
    from: 'memory.forget(({ keptMs }) => keptMs + HOUR_MS <= nowMs);',
    to: 'memory.forget(({ keptMs, asOfMs }) => keptMs + asOfMs + HOUR_MS <= nowMs);',
    test: 'packages/serving/test/kept-values.test.ts',
  },
  {
    lie: 'long keys of users take memory beyond the bound of what is kept',
    law: '7',
    file: KEPT,
    from: ' + BYTES_OF_UNIT * userKey.length',
    to: '',
    test: 'packages/serving/test/kept-values.test.ts',
  },
  {
    lie: 'what was used of late is forgotten first',
    law: '7',
    file: 'packages/serving/src/row-memory.ts',
    from: 'if (known !== newest) {',
    to: 'if (known === newest) {',
    test: 'packages/serving/test/row-memory.test.ts',
  },
  {
    lie: 'features of a user whose owner lies in another partition are not known',
    law: '7',
    file: 'services/api/src/http/feast-columns.ts',
    from: 'const columns = columnsIn(user.partition);',
    to: 'const columns = asked[[...sets.keys()].indexOf(user.partition)] ?? [];',
    test: 'services/api/test/joined-keys.test.ts',
  },
  {
    lie: 'what was made of a record is given after events came',
    law: '1',
    file: KEPT,
    from: ' || !entry.record.equals(record)',
    to: '',
    test: WORLDS,
  },
  {
    lie: 'a value is given as of the first instant at which it is another',
    law: '1',
    file: KEPT,
    from: 'asOfMs < untilMs &&',
    to: 'asOfMs <= untilMs &&',
    test: WORLDS,
  },
  {
    lie: 'a value is given as of an instant before the one that it was made as of',
    law: '1',
    file: KEPT,
    from: 'return asOfMs >= madeMs && ',
    to: 'return ',
    test: WORLDS,
  },
  {
    lie: 'a value that was kept is given though records lost what it looks at meanwhile',
    law: '7',
    file: KEPT,
    from: ' && movingFromMs + (asOfMs - madeMs) > lackUpToMs',
    to: '',
    test: WORLDS,
  },
  {
    lie: 'values of a record with events that are still to count are kept',
    law: '1',
    file: 'packages/serving/src/users/signal-values.ts',
    from: 'const isWhole = !hasLater && ',
    to: 'const isWhole = ',
    test: WORLDS,
  },
  {
    lie: 'a value lasts a millisecond longer than its oldest event counts',
    law: '1',
    file: 'packages/signals/src/timeline.ts',
    from: 'oldest.ts + ageMs + 1',
    to: 'oldest.ts + ageMs + 2',
    test: RANDOM,
  },
  {
    lie: 'a decayed sum lasts a step of its half-life longer than its weights',
    law: '1',
    file: 'packages/signals/src/kinds/measures.ts',
    from: 'Math.ceil(((steps + 1) * halfLifeMs) / STEPS)',
    to: 'Math.ceil(((steps + 2) * halfLifeMs) / STEPS)',
    test: RANDOM,
  },
  {
    lie: 'a segment whose first event prolongs an episode that is hidden lasts',
    law: '7',
    file: 'packages/signals/src/kinds/segments.ts',
    from: 'return asOfMs + 1;',
    to: 'return leftMs;',
    test: RANDOM,
  },
  {
    lie: 'a session is open for as long as its events are looked at',
    law: '1',
    file: 'packages/signals/src/kinds/sessions.ts',
    from: 'newest.toMs > asOfMs ? newest.toMs :',
    to: 'newest.toMs < asOfMs ? newest.toMs :',
    test: RANDOM,
  },
];
