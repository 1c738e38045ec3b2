/** Lies about users who were erased, in a store or a folder that was put back to before that. */
import type { Mutation } from './mutation-list.ts';

const RESTORED = 'services/speed/src/apply/erase-restored.ts';
const BACKUP = 'packages/archive/src/backup';
const RESTORE = 'test/faults/backup-erased.test.ts';
const BYTES = 'jobs/recompute/test/erasure-bytes.test.ts';
const BEFORE = 'services/speed/test/erased-before.test.ts';

export const MUTATIONS_OF_PUT_BACK: readonly Mutation[] = [
  {
    lie: 'a restored folder counts users who were erased after the backup',
    law: '9',
    file: `${BACKUP}/erase-again.ts`,
    from: 'if (!known.has(digest)) erased.set(',
    to: 'if (known.has(digest)) erased.set(',
    test: RESTORE,
  },
  {
    lie: 'generations that count users who were erased after the backup are restored',
    law: '9',
    file: `${BACKUP}/erase-again.ts`,
    from: 'if (counted !== undefined) await rm(',
    to: 'if (counted === undefined) await rm(',
    test: RESTORE,
  },
  {
    lie: 'who was lifted after the backup counts with what they sent before it',
    law: '9',
    file: `${BACKUP}/erase-again.ts`,
    from: 'else if (isBehind && end !== null) lifted.set(digest, end);',
    to: 'else if (!isBehind && end !== null) lifted.set(digest, end);',
    test: RESTORE,
  },
  {
    lie: 'a store that is newer than a restored backup knows who was erased since',
    law: '9',
    file: `${BACKUP}/erase-again.ts`,
    from: "return [one?.upTo ?? '', ...own].sort()",
    to: "return [one?.upTo ?? '', ...own.slice(9)].sort()",
    test: RESTORE,
  },
  {
    lie: 'a restore does not ask for erasures of since',
    law: '9',
    file: `${BACKUP}/restore.ts`,
    from: 'if (ports.erasures === null && ',
    to: "if (ports.erasures === '' && ",
    test: RESTORE,
  },
  {
    lie: 'a backup leaves receipts of erasures out',
    law: '9',
    file: `${BACKUP}/copy-platform.ts`,
    from: 'const receipts = await copyReceipts(work);',
    to: 'const receipts = 0 * (await copyReceipts({ ...work, dataDir: work.target }));',
    test: RESTORE,
  },
  {
    lie: 'files that are written again while a partition is read from them say who is erased',
    law: '9',
    file: 'services/speed/src/partitions/erased-lists.ts',
    from: '=== loaded.get(partition)) return entries;',
    to: "!== '') return entries;",
    test: 'services/speed/test/erased-lists.test.ts',
  },
  {
    lie: 'a store that was put back keeps users of whom neither log nor archive says that they are erased',
    law: '9',
    file: RESTORED,
    from: 'if (wanted.size + counting.length === 0) return;',
    to: 'if (wanted.size + counting.length >= 0) return;',
    test: BEFORE,
  },
  {
    lie: 'who was lifted before the log begins is refused for good by a store that was put back',
    law: '1',
    file: RESTORED,
    from: '  for (const digest of counting) run.erased.delete(digest);\n',
    to: '',
    test: BEFORE,
  },
  {
    lie: 'who was lifted where the log says so counts before that in a store that was put back',
    law: '9',
    file: RESTORED,
    from: 'start === null || place > start',
    to: "start === null && place === ''",
    test: BEFORE,
  },
  {
    lie: 'a state from before the cut of archived files knows what they lack',
    law: '9',
    file: 'packages/archive/src/forgotten.ts',
    from: "position >= (forgotten.cut[partition] ?? '')",
    to: "position >= (forgotten.cut[partition] ?? '').slice(9)",
    test: 'packages/archive/src/forgotten.test.ts',
  },
  {
    lie: 'a store that was put back while nothing comes is not looked at',
    law: '1',
    file: 'services/speed/src/pipeline.ts',
    from: '        await checkStore();\n',
    to: '',
    test: 'services/speed/test/put-back-idle.test.ts',
  },
  {
    lie: 'a speed layer counts what is left of erased users in files that are not written again yet',
    law: '9',
    file: 'packages/archive/src/forgotten.ts',
    from: 'if (forgotten === undefined || forgotten.searchedAt !== null || number',
    to: 'if (forgotten === undefined || forgotten.searchedAt === null || number',
    test: BYTES,
  },
  {
    lie: 'a partition that begins from nothing counts what the log has from before a lift',
    law: '9',
    file: RESTORED,
    from: '(place > start ? [digest] : [])',
    to: '(place > start ? [] : [])',
    test: BEFORE,
  },
  {
    lie: 'of users who were lifted a speed layer counts what archived files have from before',
    law: '9',
    file: 'packages/archive/src/forgotten.ts',
    from: '[digest, cut])), ...forgotten.lifted }',
    to: '[digest, cut])) }',
    test: BYTES,
  },
];
