/** Lies about conversions that are counted once by a key (decision 29), and about what events count as (decision 42). */
import type { Mutation } from './mutation-list.ts';
import { MUTATIONS_OF_CORRECTIONS } from './mutations-of-corrections.ts';

const VIEWS = 'packages/views/src';
const COMPUTE = 'packages/archive/src/compute';
const ONCE = 'test/laws/law-2-counted-once.test.ts';
const RUNS = 'jobs/recompute/test/counted-once.test.ts';

export const MUTATIONS_OF_ONCE: readonly Mutation[] = [
  ...MUTATIONS_OF_CORRECTIONS,
  {
    lie: 'the first of a key to arrive counts',
    law: '1, 2',
    file: `${VIEWS}/once.ts`,
    from: "from: later.kind === 'conversion' ? i : undefined,",
    to: 'from: undefined,',
    test: ONCE,
  },
  {
    lie: 'an event repeats one beyond the window',
    law: '1',
    file: `${VIEWS}/once.ts`,
    from: 'if (earlier.ts < ts - windowMs) break;',
    to: 'if (earlier.ts < ts - 2 * windowMs) break;',
    test: ONCE,
  },
  {
    lie: 'a conversion that was taken over keeps its rows',
    law: '1',
    file: `${VIEWS}/step.ts`,
    from: '    differ(from, -1);\n',
    to: '',
    test: ONCE,
  },
  {
    lie: 'a user that is loaded again counts repetitions',
    law: '1, 3',
    file: `${VIEWS}/record.ts`,
    from: '  countOnce(user, rules.definitions);\n',
    to: '',
    test: ONCE,
  },
  {
    lie: 'repetitions are let go as signals are',
    law: '1, 3',
    file: `${VIEWS}/user-state.ts`,
    from: " && event.once === ''",
    to: '',
    test: ONCE,
  },
  {
    lie: 'timelines do not keep what conversions repeat',
    law: '1',
    file: `${VIEWS}/journeys/lenses.ts`,
    from: `export const NULL_PATH: Lens<NullPath> = {
  reachMs: ({ lookbackMs, longestOnceMs }) => lookbackMs + longestOnceMs,`,
    to: `export const NULL_PATH: Lens<NullPath> = {
  reachMs: ({ lookbackMs }) => lookbackMs,`,
    test: ONCE,
  },
  {
    lie: 'in SQL an event at the very end of the window counts',
    law: '5',
    file: `${VIEWS}/timeline/once.sql`,
    from: 'coalesce(since <= within_ms, false) AS now',
    to: 'coalesce(since < within_ms, false) AS now',
    test: 'test/golden/views.test.ts',
  },
  {
    lie: 'in SQL a number and its text are two keys',
    law: '5',
    file: `${VIEWS}/macros.sql`,
    from: "WHEN 'UBIGINT' THEN",
    to: "WHEN 'DOUBLE' THEN",
    test: ONCE,
  },
  {
    lie: 'in SQL an empty text is a key',
    law: '5',
    file: `${VIEWS}/macros.sql`,
    from: "nullif(properties->>path, '')",
    to: 'properties->>path',
    test: ONCE,
  },
  {
    lie: 'a generation keeps what a fresh event takes over',
    law: '1',
    file: `${VIEWS}/timeline/once.sql`,
    from: 'SET now = timelines.now AND NOT repeated.now,',
    to: 'SET now = timelines.now AND NOT (repeated.now AND repeated.before),',
    test: RUNS,
  },
  {
    lie: 'of what a fresh event takes over no row that looks at itself alone goes',
    law: '1',
    file: `${COMPUTE}/shard.ts`,
    from: 'const mayGo = spec.reuseRows && (replaces || definitions.onceMs.size > 0);',
    to: 'const mayGo = spec.reuseRows && replaces;',
    test: RUNS,
  },
  {
    lie: 'what a fresh event takes over was none before',
    law: '1',
    file: `${VIEWS}/timeline/once.sql`,
    from: 'ts - max(CASE WHEN before THEN ts END) OVER earlier AS held_since',
    to: 'ts - max(ts) OVER earlier AS held_since',
    test: RUNS,
  },
  {
    lie: 'conversions that were taken over stay in the list',
    law: '1',
    file: `${COMPUTE}/conversion-files.ts`,
    from: "if ((await countOf(session, 'gone')) === 0) return files;",
    to: "if ((await countOf(session, 'gone')) >= 0) return files;",
    test: RUNS,
  },
  {
    lie: 'a base without the keys of new definitions is built upon',
    law: '1',
    file: `${COMPUTE}/relations.ts`,
    from: 'Object.hasOwn(kept, counted) && kept[counted]?.by === by',
    to: "kept[counted]?.by !== ''",
    test: RUNS,
  },
  {
    lie: 'an output that a repetition takes back stays',
    law: '1',
    file: 'services/speed/src/apply/output-lines.ts',
    from: 'if (takenOver !== undefined) all.push(',
    to: 'if (takenOver !== undefined) void (',
    test: 'test/laws/law-3-outputs.test.ts',
  },
  {
    lie: 'an event whose copy is not recognised leaves an output with each copy',
    law: '3',
    file: 'services/speed/src/apply/output-lines.ts',
    from: "if (fate !== 'duplicate' && remembered)",
    to: "if (fate !== 'duplicate' && remembered !== null)",
    test: 'services/speed/src/apply/output-lines.test.ts',
  },
  {
    lie: 'archived conversions are explained without what they are counted once by',
    law: '1',
    file: 'packages/archive/src/readers/archive-reader.ts',
    from: 'if (key !== null) Object.assign(',
    to: 'if (key === undefined) Object.assign(',
    test: 'packages/archive/src/readers/data-folder.test.ts',
  },
  {
    lie: 'an explanation does not look for what lies before the lookback',
    law: '1',
    file: 'packages/serving/src/users/find-conversion.ts',
    from: '  return lookbackMs + longestOnceMs;',
    to: '  return longestOnceMs < 0 ? 0 : lookbackMs;',
    test: 'services/api/test/explained-by.test.ts',
  },
];
