/** Lies about what is stored of one user: what an export leaves out, gives away, or calls whole. */
import type { Mutation } from './mutation-list.ts';
import { MUTATIONS_OF_ERASURE } from './mutations-of-erasure.ts';
import { MUTATIONS_OF_FORGETTING } from './mutations-of-forgetting.ts';
import { MUTATIONS_OF_IDENTITY } from './mutations-of-identity.ts';
import { MUTATIONS_OF_PUT_BACK } from './mutations-of-put-back.ts';
import { MUTATIONS_OF_REWRITING } from './mutations-of-rewriting.ts';

const EXPORT = 'services/api/src/export';
const LINKS = 'services/api/src/routes/user-links.ts';
const ROWS = 'packages/archive/src/readers/subject-rows.ts';

export const MUTATIONS_OF_SUBJECTS: readonly Mutation[] = [
  ...MUTATIONS_OF_IDENTITY,
  {
    lie: 'a link by hand gives a user the events of no known one',
    law: '1',
    file: LINKS,
    from: "type: 'alias', properties: { previousId: key }",
    to: "type: '$identify', properties: { $anon_distinct_id: key }",
    test: 'services/api/test/joined-keys.test.ts',
  },
  {
    lie: 'a link by hand is taken where keys are not joined',
    law: '7',
    file: LINKS,
    from: '.joinedMs === null',
    to: '.joinedMs === undefined',
    test: 'services/api/test/joined-keys.test.ts',
  },
  {
    lie: 'a link by hand is taken of a key whose events are refused',
    law: '6',
    file: LINKS,
    from: 'for (const one of [userId, key]) ',
    to: 'for (const one of [userId]) ',
    test: 'services/api/test/joined-keys.test.ts',
  },
  {
    lie: 'an export leaves out who is named as anonymous beside another user',
    law: '9',
    file: ROWS,
    from: ' OR anonymous_id = $userKey',
    to: '',
    test: 'packages/archive/src/readers/subject-rows.test.ts',
  },
  {
    lie: 'an export shows rows of others that name the user',
    law: '9',
    file: ROWS,
    from: "row['user_key'] === userKey ? 'own' : 'named'",
    to: "row['user_key'] === userKey ? 'own' : 'own'",
    test: 'packages/archive/src/readers/subject-rows.test.ts',
  },
  {
    lie: 'an export reads the first page of rows alone',
    law: '9',
    file: ROWS,
    from: 'rows.length < PAGE_ROWS) return;',
    to: 'rows.length <= PAGE_ROWS) return;',
    test: 'packages/archive/src/readers/subject-rows.test.ts',
  },
  {
    lie: 'an export shows records that name the user and are of another one',
    law: '9',
    file: `${EXPORT}/whose.ts`,
    from: "  return holds(value, userKey) ? 'named' : null;",
    to: "  return holds(value, userKey) ? 'own' : null;",
    test: `${EXPORT}/whose.test.ts`,
  },
  {
    lie: 'an export leaves out records that cannot be read',
    law: '9',
    file: `${EXPORT}/whose.ts`,
    from: "text.includes(quoted) || text.includes(userKey) ? 'text' : null;",
    to: 'null;',
    test: `${EXPORT}/whose.test.ts`,
  },
  {
    lie: 'an export that could not read a place is complete',
    law: '7',
    file: `${EXPORT}/export.ts`,
    from: 'complete: holes.length === 0',
    to: 'complete: true',
    test: 'services/api/test/user-export.test.ts',
  },
  {
    lie: 'an export goes on after its bound of bytes',
    law: '7',
    file: `${EXPORT}/export.ts`,
    from: '          break;\n',
    to: '',
    test: 'services/api/test/user-export.test.ts',
  },
  {
    lie: 'a key may read many exports at a time',
    law: '7',
    file: 'services/api/src/export/turns.ts',
    from: '      underWay.add(owner);\n',
    to: '',
    test: 'services/api/test/user-export.test.ts',
  },
  {
    lie: 'an export leaves out files that no manifest of a generation names as sums or rows',
    law: '9',
    file: `${EXPORT}/from-folder.ts`,
    from: "if (!file.endsWith('.parquet') || without.has(file)) continue;",
    to: "if (!file.endsWith('.parquet') || without.has(file) || !named.has(file)) continue;",
    test: 'services/api/test/user-export.test.ts',
  },
  {
    lie: 'an export leaves out the index of conversions',
    law: '9',
    file: `${EXPORT}/sources.ts`,
    from: "    { place: 'conversionIndex', read: () => fromIndex(subjects, owner) },\n",
    to: '',
    test: 'test/e2e/export-finds-all.e2e.test.ts',
  },
  {
    lie: 'an export that breaks off is whole',
    law: '7',
    file: 'packages/cli/src/commands/users-export.ts',
    from: 'return end.complete ? EXIT.ok : EXIT.found;',
    to: 'return EXIT.ok;',
    test: 'packages/cli/test/users-export.test.ts',
  },
  {
    lie: 'what is to be hashed is stored as it came',
    law: '9',
    file: 'services/collector/src/checks/check-item.ts',
    from: 'encodeDraft(rules.minimise(keyless.event))',
    to: '(rules.minimise(keyless.event), keyless)',
    test: 'services/collector/test/minimised.test.ts',
  },
  {
    lie: 'a property within a list is not minimised',
    law: '9',
    file: 'packages/model/src/reading/minimise.ts',
    from: '  if (Array.isArray(value)) return value.map((item) => along(item, names, replace));\n',
    to: '',
    test: 'packages/model/src/reading/minimise.test.ts',
  },
  {
    lie: 'a hash needs no key',
    law: '9',
    file: 'services/collector/src/checks/minimiser.ts',
    from: "createHmac('sha256', settings.minimiseKey)",
    to: "createHmac('sha256', '')",
    test: 'services/collector/test/minimised.test.ts',
  },
  {
    lie: 'an export asks a log for more after its time',
    law: '7',
    file: `${EXPORT}/from-logs.ts`,
    from: '    signal.throwIfAborted();\n    let entries',
    to: '    let entries',
    test: 'services/api/test/user-export.test.ts',
  },
  ...MUTATIONS_OF_ERASURE,
  ...MUTATIONS_OF_FORGETTING,
  ...MUTATIONS_OF_PUT_BACK,
  ...MUTATIONS_OF_REWRITING,
];
