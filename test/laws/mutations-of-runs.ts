/** Lies about runs: those that find nothing new, and what is said of them. */
import type { Mutation } from './mutation-list.ts';

const BEGIN = 'jobs/recompute/src/begin';
const CANCEL = 'jobs/recompute/test/cancel.test.ts';
const QUEUE = 'packages/queue/test/recompute-queue.redis.test.ts';
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
  {
    lie: 'a cancel wins over a run that ends already',
    law: '3',
    file: 'packages/queue/src/fate.ts',
    from: "'PX', KEPT_MS, 'NX')",
    to: "'PX', KEPT_MS)",
    test: QUEUE,
  },
  {
    lie: 'a run that was cancelled while it waited is begun',
    law: '3',
    file: 'packages/queue/src/recompute-worker.ts',
    from: '      await check();\n      cancel.signal.throwIfAborted();\n',
    to: '',
    test: QUEUE,
  },
  {
    lie: 'a cancelled run leaves its folder in staging',
    law: '7',
    file: 'jobs/recompute/src/cancel.ts',
    from: 'await sweepStaging(ports.dataDir, generation + 1);',
    to: 'await sweepStaging(ports.dataDir, generation);',
    test: CANCEL,
  },
  {
    lie: 'the generation of a cancelled run stays pending',
    law: '7',
    file: 'jobs/recompute/src/cancel.ts',
    from: "manifest?.state === 'pending' || manifest?.state === 'computed'",
    to: "manifest?.state === 'computed'",
    test: CANCEL,
  },
  {
    lie: 'a run that found nothing new ends though it was cancelled',
    law: '7',
    file: 'jobs/recompute/src/pipeline.ts',
    from: '  const { generation, counts } = manifest;\n  await run.end?.();\n',
    to: '  const { generation, counts } = manifest;\n',
    test: CANCEL,
  },
];
