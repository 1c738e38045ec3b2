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
    file: `${COMPUTE}/compute-plan.ts`,
    from: 'if (spans.length === 0) return undefined;',
    to: 'if (spans.length >= 0) return undefined;',
    test: RUNS,
  },
  {
    lie: 'what counts otherwise now stays as it was beside it',
    law: '3',
    file: `${COMPUTE}/shard.ts`,
    from: "await addChanges(session, definitions, views, '-');",
    to: '',
    test: RUNS,
  },
  {
    lie: 'events as they were before a correction stay in the files',
    law: '3',
    file: `${COMPUTE}/event-files.ts`,
    from: 'if (found !== undefined) hit.push(file);',
    to: 'if (found === null) hit.push(file);',
    test: RUNS,
  },
  {
    lie: 'any arrival of an id is the one that is corrected again',
    law: '3',
    file: `${COMPUTE}/reread.sql`,
    from: 'ORDER BY position, entry_index) = 1',
    to: 'ORDER BY position DESC, entry_index) = 1',
    test: RUNS,
  },
  {
    lie: 'an event that the archive lacks stays corrected',
    law: '7',
    file: `${COMPUTE}/corrections.ts`,
    from: 'if (lacking !== 0)',
    to: 'if (lacking < 0)',
    test: RUNS,
  },
  {
    lie: 'a correction reads all of the archive',
    law: '1',
    file: `${COMPUTE}/compute-plan.ts`,
    from: `return date <= dayOf(toMs - 1) && \`\${date}~\` > dayOf(fromMs);`,
    to: 'return date.length + toMs + fromMs > 0 && dayOf(fromMs) !== date.repeat(2);',
    test: RUNS,
  },
  {
    lie: 'corrections that changed places change no event',
    law: '1',
    file: 'packages/model/src/corrections.ts',
    from: ".join('\\n') !== kept(now, old).join('\\n');",
    to: '.length !== kept(now, old).length;',
    test: 'packages/model/src/corrections.test.ts',
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
  {
    lie: 'files of months and years are not read again for a correction',
    law: '1',
    file: 'packages/archive/src/compute/compute-plan.ts',
    from: '~` > dayOf(fromMs)',
    to: '` >= dayOf(fromMs)',
    test: 'packages/archive/src/compute/compute-plan.test.ts',
  },
];
