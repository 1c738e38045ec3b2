/** Lies about looking through the files of a data folder. */
import type { Mutation } from './mutation-list.ts';

const AUDIT = 'packages/archive/src/audit';
const TEST = 'test/faults/archive-audit.test.ts';

export const MUTATIONS_OF_AUDITS: readonly Mutation[] = [
  {
    lie: 'a file of the right length is sound',
    law: '7',
    file: `${AUDIT}/stored-file.ts`,
    from: 'return sha256 === file.sha256',
    to: 'return sha256.length === file.sha256.length',
    test: TEST,
  },
  {
    lie: 'a segment may begin behind the end of the one before',
    law: '7',
    file: `${AUDIT}/partition.ts`,
    from: 'if (after === end) return undefined;',
    to: "if (after === end || (after ?? '') > (end ?? '')) return undefined;",
    test: TEST,
  },
  {
    lie: 'manifests that are missing are passed over',
    law: '7',
    file: `${AUDIT}/partition.ts`,
    from: "add('gap', path,",
    to: "void ('gap', path,",
    test: TEST,
  },
  {
    lie: 'segments that were merged while they were looked at are missing',
    law: '7',
    file: `${AUDIT}/partition.ts`,
    from: "if (late !== undefined && late !== 'bad') {",
    to: 'if (late === null) {',
    test: TEST,
  },
  {
    lie: 'a file that a merge removed is missing',
    law: '7',
    file: `${AUDIT}/partition.ts`,
    from: 'if (now !== undefined && !filesNamed(now).has(file.path)) continue;',
    to: '',
    test: TEST,
  },
  {
    lie: 'a segment of another log is one of this',
    law: '7',
    file: `${AUDIT}/partition.ts`,
    from: 'segment.logIdentity !== logIdentity)',
    to: "segment.logIdentity === '')",
    test: TEST,
  },
  {
    lie: 'the files of a segment whose manifest is missing are in the way',
    law: '7',
    file: `${AUDIT}/orphans.ts`,
    from: '  } catch {\n    return undefined;',
    to: "  } catch {\n    return 'has no manifest that names it';",
    test: TEST,
  },
  {
    lie: 'a file whose manifest is being written is an orphan',
    law: '7',
    file: `${AUDIT}/orphans.ts`,
    from: 'nowMs - written.mtimeMs < ABANDONED_MS;',
    to: 'nowMs < written.mtimeMs;',
    test: TEST,
  },
  {
    lie: 'a generation that was retired while it was looked at lost its files',
    law: '7',
    file: `${AUDIT}/generations.ts`,
    from: "found.length === 0 || (await stateOf(dataDir, generation)) === 'computed'",
    to: 'true',
    test: TEST,
  },
  {
    lie: 'an archive that ends before the cut of a generation is whole',
    law: '7',
    file: `${AUDIT}/generations.ts`,
    from: 'const end = last < number ? null :',
    to: 'const end = last < number ? undefined :',
    test: TEST,
  },
  {
    lie: 'archive verify ends well whatever it found',
    law: '7',
    file: 'packages/cli/src/commands/archive-verify.ts',
    from: 'return audit.ok ? EXIT.ok : EXIT.found;',
    to: 'return EXIT.ok;',
    test: 'packages/cli/test/archive-verify.test.ts',
  },
];
