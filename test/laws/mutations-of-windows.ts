/** Lies about how accurate windows of signals are, and about sets of their history. */
import type { Mutation } from './mutation-list.ts';

export const MUTATIONS_OF_WINDOWS: readonly Mutation[] = [
  {
    lie: 'a label of history is what the folder of its set says',
    law: '5',
    file: 'packages/archive/src/history/load-events.ts',
    from: 'hive_partitioning = false, columns',
    to: 'columns',
    test: 'test/laws/law-5-history.test.ts',
  },
  {
    lie: 'values of history are what the folder of their set says',
    law: '5',
    file: 'packages/archive/src/history/training-set.ts',
    from: 'hive_partitioning = false, ',
    to: '',
    test: 'test/laws/law-5-history.test.ts',
  },
  {
    lie: 'a window of accuracy sawtooth begins at the hop after its begin',
    law: '1',
    file: 'packages/signals/src/kinds/aggregates.ts',
    from: 'return Math.floor(atMs / ms) * ms;',
    to: 'return Math.ceil(atMs / ms) * ms;',
    test: 'packages/signals/test/golden.test.ts',
  },
  {
    lie: 'a window of exactly 12 hours begins at a whole five minutes',
    law: '1',
    file: 'packages/signals/src/kinds/aggregates.ts',
    from: 'windowMs >= 12 * HOUR_MS',
    to: 'windowMs > 12 * HOUR_MS',
    test: 'packages/signals/test/golden.test.ts',
  },
  {
    lie: 'a version that does not know the accuracy of windows goes on with them',
    law: '1, 7',
    file: 'packages/model/src/definitions.ts',
    from: "keys.includes('accuracy') || ",
    to: '',
    test: 'packages/model/src/definitions.test.ts',
  },
  {
    lie: 'a version that does not know joins of events goes on with them',
    law: '1, 7',
    file: 'packages/model/src/definitions.ts',
    from: " || keys.includes('join')",
    to: '',
    test: 'packages/model/src/definitions.test.ts',
  },
];
