/** Lies about runs: those that find nothing new, and what is said of them. */
import type { Mutation } from './mutation-list.ts';

const BEGIN = 'jobs/recompute/src/begin';
const NOTHING_NEW = 'jobs/recompute/test/nothing-new.test.ts';

export const MUTATIONS_OF_RUNS: readonly Mutation[] = [
  {
    lie: 'an event behind heartbeats is nothing new',
    law: '1',
    file: `${BEGIN}/entries-behind.ts`,
    from: '!entries.every((entry) => saysNothing(entry, manifest))',
    to: '!entries.slice(0, 1).every((entry) => saysNothing(entry, manifest))',
    test: NOTHING_NEW,
  },
  {
    lie: 'what was archived since the cut is nothing new',
    law: '7',
    file: `${BEGIN}/entries-behind.ts`,
    from: 'if (segment.rows > 0 || segment.deadRows > 0) return false;',
    to: '',
    test: NOTHING_NEW,
  },
  {
    lie: 'a record that could not be read is nothing new',
    law: '7',
    file: `${BEGIN}/entries-behind.ts`,
    from: 'return decodeHeartbeat(body).ok;',
    to: 'return decodeHeartbeat(body) !== undefined;',
    test: NOTHING_NEW,
  },
  {
    lie: 'barriers of other definitions are nothing new',
    law: '7',
    file: `${BEGIN}/entries-behind.ts`,
    from: "return kind === 'barrier' && definitionsIn(body) === definitions;",
    to: "return kind === 'barrier' && definitionsIn(body) !== definitions.length;",
    test: NOTHING_NEW,
  },
  {
    lie: 'a log that lost its end has nothing new',
    law: '1',
    file: `${BEGIN}/entries-behind.ts`,
    from: "if (ends.some((end, partition) => (end ?? '') < (archived[partition] ?? ''))) return null;",
    to: '',
    test: NOTHING_NEW,
  },
  {
    lie: 'layers that were cut apart wait for news',
    law: '1',
    file: `${BEGIN}/nothing-new.ts`,
    from: 'if (state.barriers?.get(manifest.generation) !== manifest.cut[partition]) return false;',
    to: '',
    test: NOTHING_NEW,
  },
  {
    lie: 'late events that are pending wait for others',
    law: '8',
    file: `${BEGIN}/nothing-new.ts`,
    from: 'state === null || pending !== 0 || overflowed !== 0',
    to: 'state === null || overflowed !== 0',
    test: NOTHING_NEW,
  },
  {
    lie: 'an edit of the file of definitions waits for news',
    law: '7',
    file: `${BEGIN}/nothing-new.ts`,
    from: 'candidate.definitions !== draft.definitions',
    to: 'candidate.definitions === undefined',
    test: NOTHING_NEW,
  },
  {
    lie: 'a run by hand that nothing came for leaves a hold',
    law: '7',
    file: `${BEGIN}/nothing-new.ts`,
    from: 'publication === null || publication.held ||',
    to: 'publication === null ||',
    test: NOTHING_NEW,
  },
];
