/** Lies about what comes in, and about what programs of ours write back. */
import type { Mutation } from './mutation-list.ts';

const BAD_INPUT = 'services/collector/test/bad-input.test.ts';

export const MUTATIONS_OF_INPUTS: readonly Mutation[] = [
  {
    lie: 'what is stored deeper than it came in is looked at where it came in alone',
    law: '6',
    file: 'packages/model/src/reading/draft.ts',
    from: '  if (deep !== undefined) return deep;\n',
    to: '',
    test: BAD_INPUT,
  },
  {
    lie: 'bytes that are not UTF-8 are looked for in the items of a batch alone',
    law: '6',
    file: 'services/collector/src/prepare.ts',
    from: "isDamaged(context) ? ('shared' as const)",
    to: "isDamaged(null) ? ('shared' as const)",
    test: BAD_INPUT,
  },
  {
    lie: 'types that signals ask for may read (other)',
    law: '7',
    file: 'services/collector/src/names/known-names.ts',
    from: '...definitions.conversions, ...named]',
    to: '...definitions.conversions]',
    test: 'services/collector/test/names.test.ts',
  },
  {
    lie: 'a key file that cannot be looked at ends its keys at once',
    law: '7',
    file: 'packages/runtime/src/keys/ring.ts',
    from: '    try {\n      const current = stampOf(file);\n',
    to: '    const current = stampOf(file);\n    try {\n',
    test: 'packages/runtime/src/keys/ring.test.ts',
  },
  {
    lie: 'an intervention says that the key of a visitor is that of a known user',
    law: '9',
    file: 'packages/cli/src/interventions/acting.ts',
    from: 'type: EVENT_TYPE, anonymousId: userKey,',
    to: 'type: EVENT_TYPE, userId: userKey,',
    test: 'packages/cli/test/interventions.test.ts',
  },
  {
    lie: 'a key that was revoked by a clock that is ahead is valid until then',
    law: '7',
    file: 'packages/runtime/src/keys/ring.ts',
    from: 'if (record.revokedAt !== undefined) return',
    to: 'if (record.revokedAt !== undefined && now >= record.revokedAt) return',
    test: 'packages/runtime/src/keys/ring.test.ts',
  },
  {
    lie: 'a key is looked at before the body arrives alone',
    law: '7',
    file: 'services/collector/src/http/event-routes.ts',
    from: 'sender && collector.authorise(sender.key)',
    to: 'sender?.grant',
    test: 'services/collector/test/slow-bodies.test.ts',
  },
  {
    lie: 'a page says what the platform has done',
    law: '6',
    file: 'packages/model/src/derived-types.ts',
    from: "'verdict', 'intervention'",
    to: "'verdict'",
    test: 'services/collector/test/scopes.test.ts',
  },
  {
    lie: 'a key in an address within an address is stored',
    law: '6',
    file: 'packages/runtime/src/keys/ring.ts',
    from: '(?:25){0,4}',
    to: '',
    test: 'services/collector/test/keys-in-events.test.ts',
  },
  {
    lie: 'types that the program itself reads may read (other)',
    law: '7',
    file: 'services/collector/src/names/known-names.ts',
    from: '...READ_TYPES, ',
    to: '',
    test: 'services/collector/test/names.test.ts',
  },
];
