/** Lies about corrections: what an event counts as where definitions say so (decision 42). */
import type { Mutation } from './mutation-list.ts';

const CORRECT = 'packages/signals/src/corrections/correct.ts';
const COMPUTE = 'packages/archive/src/compute';
const ONE = 'packages/signals/test/corrections.test.ts';
const RUNS = 'jobs/recompute/test/corrections.test.ts';
const WORKER = 'services/speed/test/corrections.test.ts';

export const MUTATIONS_OF_CORRECTIONS: readonly Mutation[] = [
  {
    lie: 'an event at the very end of the range is corrected',
    law: '1',
    file: CORRECT,
    from: 'event.ts < toMs && holds(event)',
    to: 'event.ts <= toMs && holds(event)',
    test: ONE,
  },
  {
    lie: 'the range of one correction is that of all',
    law: '1',
    file: CORRECT,
    from: 'event.ts >= fromMs && event.ts < toMs && holds(event)',
    to: 'holds(event)',
    test: 'test/laws/law-1-merge.test.ts',
  },
  {
    lie: 'archived events are corrected once more',
    law: '1',
    file: 'packages/archive/src/readers/archive-reader.ts',
    from: "if ('corrected_by' in row)",
    to: "if ('never' in row)",
    test: RUNS,
  },
  {
    lie: 'a worker shows corrections what timelines keep',
    law: '1',
    file: 'packages/views/src/member.ts',
    from: ' || mayBeCorrected(ts, definitions);',
    to: ';',
    test: WORKER,
  },
  {
    lie: 'an event that was dropped is an event of its day',
    law: '1',
    file: 'packages/views/src/view.ts',
    from: 'return event.place === DROPPED ? null : event;',
    to: 'return event;',
    test: WORKER,
  },
  {
    lie: 'what is sent again under an id that was dropped counts',
    law: '3',
    file: `${COMPUTE}/shard.ts`,
    from: 'AS held SEMI JOIN fresh USING (user_key, id)`',
    to: `AS held SEMI JOIN fresh USING (user_key, id) WHERE \${whatCounts(definitions)}\``,
    test: RUNS,
  },
  {
    lie: 'a generation builds on events that are corrected otherwise',
    law: '1',
    file: 'packages/archive/src/plan/base.ts',
    from: "return keepsCorrections(published, definitions) ? null : 'corrections_changed';",
    to: 'return null;',
    test: RUNS,
  },
  {
    lie: 'a channel that a correction names makes no touch',
    law: '5',
    file: `${COMPUTE}/correct.sql`,
    from: 'is_member = NOT outcomes.dropped AND fresh.type IN (SELECT type FROM member_types)',
    to: 'is_member = NOT outcomes.dropped AND fresh.is_member',
    test: RUNS,
  },
  {
    lie: 'other conditions leave rows under one version',
    law: '1',
    file: 'packages/model/src/corrections.ts',
    from: 'const rules = corrections.map(({ author: _author, reason: _reason, ...rule })',
    to: 'const rules = corrections.map(({ author: _author, reason: _reason, when: _when, ...rule })',
    test: ONE,
  },
];
