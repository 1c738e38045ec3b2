/** Lies about the rules that stored definitions name. */
import type { Mutation } from './mutation-list.ts';

const SPEED = 'services/speed/src';
const SERVING = 'packages/serving/src';

export const MUTATIONS_OF_RULES: readonly Mutation[] = [
  {
    lie: 'rows of definitions that an older version stored follow the newest rules',
    law: '1',
    file: 'packages/model/src/definitions.ts',
    from: 'touchesFirst: rules > 1,',
    to: 'touchesFirst: true,',
    test: 'jobs/recompute/test/older-rules.test.ts',
  },
  {
    lie: 'a generation after an upgrade keeps the rules of the one before it',
    law: '2',
    file: 'jobs/recompute/src/begin/definitions.ts',
    from: 'published === null ? null : choice.parse(published.definitions);',
    to: 'published === null ? null : { ...choice.parse(published.definitions), json: published.definitions };',
    test: 'jobs/recompute/test/older-rules.test.ts',
  },
  {
    lie: 'the file of definitions is taken by each run, changed or not',
    law: '7',
    file: 'jobs/recompute/src/begin/definitions.ts',
    from: 'inForce === null || contentOf(file) !== fileBefore',
    to: 'true',
    test: 'jobs/recompute/test/definitions-in-force.test.ts',
  },
  {
    lie: 'after a rollback, the file of definitions counts as changed',
    law: '7',
    file: 'jobs/recompute/src/begin/begin.ts',
    from: '(await newestPublished(ports.dataDir))?.definitionsOrigin',
    to: 'published?.definitionsOrigin',
    test: 'jobs/recompute/test/definitions-in-force.test.ts',
  },
  {
    lie: 'a run after an upgrade keeps the older text',
    law: '2',
    file: 'jobs/recompute/src/handle.ts',
    from: 'definitions: parseDefinitions(json, sha256Hex) };',
    to: 'definitions: { ...parseDefinitions(json, sha256Hex), json } };',
    test: 'jobs/recompute/test/older-rules.test.ts',
  },
  {
    lie: 'a speed worker that starts again reads its state by the newest rules',
    law: '1',
    file: `${SPEED}/partition-run.ts`,
    from: 'storedDefinitions(state.definitions, sha256Hex)',
    to: `storedDefinitions(state.definitions.replace('{', '{"rules":2,'), sha256Hex)`,
    test: 'services/speed/test/older-state.test.ts',
  },
  {
    lie: 'the API reads stored definitions by the newest rules',
    law: '1',
    file: 'services/api/src/definitions-memory.ts',
    from: 'storedDefinitions(json, sha256Hex)',
    to: `storedDefinitions(json.replace('{', '{"rules":2,'), sha256Hex)`,
    test: 'services/api/test/explained-by.test.ts',
  },
  {
    lie: 'a snapshot reads the manifest by the newest rules',
    law: '1',
    file: `${SERVING}/snapshot.ts`,
    from: 'deps.storedDefinitions(loaded.manifest.definitions)',
    to: `deps.storedDefinitions(loaded.manifest.definitions.replace('{', '{"rules":2,'))`,
    test: 'services/api/test/explained-by.test.ts',
  },
  {
    lie: 'a snapshot reads the states of partitions by the newest rules',
    law: '1',
    file: `${SERVING}/snapshot.ts`,
    from: 'deps.storedDefinitions(state.definitions)',
    to: `deps.storedDefinitions(state.definitions.replace('{', '{"rules":2,'))`,
    test: 'services/api/test/explained-by.test.ts',
  },
  {
    lie: 'a barrier of rules that only a newer version knows is parked',
    law: '7',
    file: 'packages/model/src/partition-record.ts',
    from: 'if (hasUnknownRules(json))',
    to: "if (json === '' && hasUnknownRules(json))",
    test: 'test/laws/law-7-poison.test.ts',
  },
  {
    lie: 'a text that no version wrote stops the readers when it claims newer rules',
    law: '7',
    file: 'packages/model/src/definitions.ts',
    from: 'known.success && canonicalJson(value) === json',
    to: 'known.success',
    test: 'test/laws/law-7-poison.test.ts',
  },
];
