/** Lies about users who are erased while, or after, something of them is read. */
import type { Mutation } from './mutation-list.ts';

const HISTORY = 'packages/archive/src/history';
const DROPPED = 'test/contract/dropped-bytes.redis.test.ts';
const SHOWN = 'services/api/src/erasures/shown.ts';
const RECEIPTS = 'services/api/test/erasures.test.ts';
const PAST = 'jobs/recompute/test/erasure-past.test.ts';

export const MUTATIONS_OF_FORGETTING: readonly Mutation[] = [
  {
    lie: 'values of the past look at users who were erased since the generation',
    law: '9',
    file: `${HISTORY}/archived-past.ts`,
    from: 'await forgottenNow(dataDir, manifest)',
    to: '{ erased: manifest.erased ?? [], lifted: manifest.lifted ?? {} }',
    test: PAST,
  },
  {
    lie: 'a user who was lifted before the cut is not erased after it',
    law: '9',
    file: `${HISTORY}/erased-since.ts`,
    from: '!isBehind(await readReceipt(dataDir, id), cut, isNewest)',
    to: 'isBehind(await readReceipt(dataDir, id), [], isNewest)',
    test: PAST,
  },
  {
    lie: 'of the receipts of a user only the one with the latest date says that they are erased',
    law: '9',
    file: `${HISTORY}/erased-since.ts`,
    from: 'if (known.has(digest)) continue;',
    to: 'if (known.has(digest) || !isNewest) continue;',
    test: PAST,
  },
  {
    lie: 'values are given of a user who is erased while they are computed',
    law: '9',
    file: `${HISTORY}/past-values.ts`,
    from: '  if (found === 0) return;',
    to: '  if (found >= 0) return;',
    test: PAST,
  },
  {
    lie: 'who is erased while an export is written stands in it',
    law: '9',
    file: 'packages/archive/src/readers/generation-file.ts',
    from: '(await addErased(session, rows, files, asked)) > 0 || copies === 0',
    to: 'copies === 0 && (await addErased(session, rows, files, asked)) >= 0',
    test: 'services/api/test/generation-export.test.ts',
  },
  {
    lie: 'whose conversions real time counted is called gone while that of older generations is there',
    law: '9',
    file: SHOWN,
    from: 'return from > 0 && manifests.every(',
    to: 'return manifests.every(',
    test: RECEIPTS,
  },
  {
    lie: 'the log is called searched whose entries from before the erasure are there',
    law: '9',
    file: 'services/api/src/erasures/seen.ts',
    from: "if (cut.some((position, partition) => (starts[partition] ?? '') < position)) continue;",
    to: '',
    test: RECEIPTS,
  },
  {
    lie: 'the log is called searched where what it declares dropped is there',
    law: '9',
    file: 'services/api/src/erasures/seen.ts',
    from: '(await logReach.hasDropped?.(cut)) !== false',
    to: '(await logReach.hasDropped?.(cut)) !== null',
    test: RECEIPTS,
  },
  {
    lie: 'a barrier shares a node of Redis with what lies before it',
    law: '9',
    file: 'packages/log/src/redis-stream/layout.ts',
    from: "kind === 'barrier' ? body.padEnd(NODE_BYTES) : body]",
    to: 'body]',
    test: DROPPED,
  },
  {
    lie: 'what is declared dropped is dropped',
    law: '9',
    file: 'packages/log/src/redis-stream/redis-stream-log.ts',
    from: "'-', idOf(position), 'COUNT', 1)",
    to: "'-', '0-0', 'COUNT', 1)",
    test: DROPPED,
  },
  {
    lie: 'Redis is asked to write its files again while the log has entries from before the cut',
    law: '9',
    file: 'jobs/recompute/src/retire/redis-files.ts',
    from: '=== false) return false;',
    to: '=== null) return false;',
    test: 'jobs/recompute/test/redis-files.test.ts',
  },
  {
    lie: 'a file of Redis that could not be written again passes for one that was',
    law: '9',
    file: 'packages/runtime/src/redis/rewrite-files.ts',
    from: 'if (!/^aof_last_bgrewrite_status:ok/m.test(info))',
    to: "if (info === '')",
    test: DROPPED,
  },
  {
    lie: 'a lift that the log may lack is not asked for again by a regulation',
    law: '9',
    file: 'services/api/src/erasures/lift.ts',
    from: "receipt !== undefined && stateOf(receipt, before) !== 'lifted'",
    to: 'receipt?.lifted === null',
    test: 'services/api/test/regulations.test.ts',
  },
  {
    lie: 'a regulation lifts the first of its users alone',
    law: '9',
    file: 'services/api/src/erasures/lift.ts',
    from: 'for (const [user, due] of asked)',
    to: 'for (const [user, due] of asked.slice(0, 1))',
    test: 'services/api/test/regulations.test.ts',
  },
];
