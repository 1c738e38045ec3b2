/** Lies about what changes in the rows of a key when several events come to it, or go from it, at once; and about messages that the archive lacks. */
import type { Mutation } from './mutation-list.ts';

const CHANGES = 'services/speed/src/apply/change-rows.ts';
const ENGINES = 'test/laws/law-1-adoption.test.ts';
const REBUILT = 'jobs/recompute/test/rebuild-joined.test.ts';
const LONG_HISTORIES = 'services/speed/test/long-histories.test.ts';

export const MUTATIONS_OF_MOVES: readonly Mutation[] = [
  {
    lie: 'clicks that come to a user at once are computed one by one for each order behind them',
    law: '7',
    file: CHANGES,
    from: 'if (replaced.length < FEW) return replaced;',
    to: 'if (replaced.length > 0) return replaced;',
    test: LONG_HISTORIES,
  },
  {
    lie: 'what comes to a key with what another key gets changes the rows of that',
    law: '1',
    file: CHANGES,
    from: 'gathered?.cause.user === user && ',
    to: 'gathered !== undefined && ',
    test: LONG_HISTORIES,
  },
  {
    lie: 'what came and went by two ways at once leaves what counted in between',
    law: '1',
    file: CHANGES,
    from: 'was: before === undefined ? was : before.was',
    to: 'was',
    test: ENGINES,
  },
  {
    lie: 'later events of a key leave for those that come at once, and do not enter again',
    law: '1',
    file: CHANGES,
    from: '{ was: item, is: item }',
    to: '{ was: item, is: undefined }',
    test: ENGINES,
  },
  {
    lie: 'a message is missing for ever where a store that was put back has applied one before those that left the archive',
    law: '7',
    file: 'services/speed/src/apply/apply-keyed.ts',
    from: 'if (!last.endsWith(BY_ARCHIVE)) applied',
    to: "if (last === '') applied",
    test: REBUILT,
  },
  {
    lie: 'a message is missing for ever where nothing is left of the segment that had the one before it',
    law: '7',
    file: 'services/speed/src/read/archived-entries.ts',
    from: 'appendedMs: NO_BOUND_MS, lineNumbers: [] }',
    to: 'appendedMs: NO_BOUND_MS }',
    test: REBUILT,
  },
];
