import type { Mutation } from './mutation-list.ts';

const LAW_1 = 'test/laws/law-1-segment-days.test.ts';
const GENERATIONS = 'jobs/recompute/test/segment-days.test.ts';

/** Lies about members of segments by day. */
export const MUTATIONS_OF_SEGMENT_DAYS: readonly Mutation[] = [
  {
    lie: 'a generation is built upon that lacks what events are to segments',
    law: '1',
    file: 'packages/archive/src/plan/base.ts',
    from: ' || !keepsMarks(published, definitions)',
    to: '',
    test: GENERATIONS,
  },
  {
    lie: 'rows of segments that definitions do not count any more stay',
    law: '1',
    file: 'packages/model/src/definitions.ts',
    from: '...segmentDaysOf(parsed), ',
    to: '',
    test: GENERATIONS,
  },
  {
    lie: 'a generation counts members near what is fresh once more',
    law: '1',
    file: 'packages/archive/src/compute/shard.ts',
    from: 'marks, false FROM near_marks`',
    to: 'marks, true FROM near_marks`',
    test: GENERATIONS,
  },
  {
    lie: 'an event leaves members of the instant before it as they are',
    law: '1',
    file: 'packages/views/src/segment-days/passages.ts',
    from: 'if (earlier >= 0) found.add(',
    to: 'if (Number.isNaN(earlier)) found.add(',
    test: LAW_1,
  },
  {
    lie: 'an event leaves members of the instant after it as they are',
    law: '1',
    file: 'packages/views/src/segment-days/passages.ts',
    from: 'if (later >= 0) found.add(',
    to: 'if (Number.isNaN(later)) found.add(',
    test: LAW_1,
  },
  {
    lie: 'members hang on each event of an instant',
    law: '3',
    file: 'packages/views/src/segment-days/passages.ts',
    from: 'if (markedBefore(timeline, at, i, ts) >= 0) continue;',
    to: '',
    test: LAW_1,
  },
  {
    lie: 'on one instant who is in does not leave before entering again',
    law: '5',
    file: 'packages/views/src/segment-days/batch.sql',
    from: '(NOT is_in OR exits)',
    to: 'NOT is_in',
    test: LAW_1,
  },
  {
    lie: 'in SQL the instant at which an episode ends is in it',
    law: '5',
    file: 'packages/views/src/segment-days/batch.sql',
    from: 'AND ts < lag(ts) OVER own + ttl_ms',
    to: 'AND ts <= lag(ts) OVER own + ttl_ms',
    test: LAW_1,
  },
  {
    lie: 'timelines let marks go as they do other signals',
    law: '1',
    file: 'packages/views/src/user-state.ts',
    from: 'Math.max(ofVisit, markMs)',
    to: 'ofVisit',
    test: LAW_1,
  },
  {
    lie: 'members at the end of a day are those since the begin of the range',
    law: '7',
    file: 'services/api/src/routes/segment-counts.ts',
    from: 'days: { fromDay: null, toDay: days.toDay },',
    to: 'days,',
    test: 'services/api/test/segment-counts.test.ts',
  },
  {
    lie: 'a segment that the generation of readers does not count by day has no members',
    law: '7',
    file: 'services/api/src/routes/segment-counts.ts',
    from: "versions === null ? ('BACKFILLING' as const) : ('READY' as const)",
    to: "'READY' as const",
    test: 'services/api/test/segment-counts.test.ts',
  },
  {
    lie: 'the day in which a generation was cut is over for it once log time has passed it',
    law: '7',
    file: 'services/api/src/routes/segment-counts.ts',
    from: "if (layers !== 'batch') return",
    to: 'if (layers !== null) return',
    test: 'services/api/test/segment-counts.test.ts',
  },
];
