/** Lies about what comes in: who may send, how much of it, and what it says of itself. */
import type { Mutation } from './mutation-list.ts';

const COLLECTOR = 'services/collector/src';
const SPEED = 'services/speed/src';

export const MUTATIONS_OF_COLLECTOR: readonly Mutation[] = [
  {
    lie: 'a body without a key in its header is parsed before its key is looked for',
    law: '7',
    file: `${COLLECTOR}/prepare.ts`,
    from: "  if (stranger !== undefined) return invalid('invalid_write_key', stranger);\n",
    to: '',
  },
  {
    lie: 'lines are parsed, however many there are',
    law: '7',
    file: `${COLLECTOR}/parse-body.ts`,
    from: 'lines.length > maxLines',
    to: 'maxLines < 0',
  },
  {
    lie: 'bodies without a key share the room of those with one',
    law: '7',
    file: `${COLLECTOR}/event-routes.ts`,
    from: 'gates.keyless.lease()',
    to: 'gates.keyed.lease()',
  },
  {
    lie: 'the context of a batch is read again for each event',
    law: '7',
    file: `${COLLECTOR}/segment.ts`,
    from: 'if (last === undefined || CLUES',
    to: 'if (last !== null || CLUES',
    test: 'test/laws/law-7-strangers.test.ts',
  },
  {
    lie: 'any number of events change a part of one context',
    law: '7',
    file: `${COLLECTOR}/items.ts`,
    from: 'events * shared <= limitBytes',
    to: 'shared <= limitBytes',
    test: 'test/laws/law-7-strangers.test.ts',
  },
  {
    lie: 'the body of a key that used up its rate is parsed',
    law: '7',
    file: `${COLLECTOR}/prepare.ts`,
    from: '  if (holder !== undefined && !rates.hasLeft(holder)) return beyondRate(holder);\n',
    to: '',
    test: 'test/laws/law-7-strangers.test.ts',
  },
  {
    lie: 'an event does not say which key it came in with',
    law: '6',
    file: `${COLLECTOR}/prepare.ts`,
    from: 'receivedAt, keyId: grant.keyId, sentAt',
    to: 'receivedAt, sentAt',
    test: 'services/collector/test/scopes.test.ts',
  },
  {
    lie: 'a browser key sends money',
    law: '6',
    file: `${COLLECTOR}/grant.ts`,
    from: '!isPublic || revenue === true',
    to: 'true',
    test: 'services/collector/test/scopes.test.ts',
  },
  {
    lie: 'keys stay valid for ever once their file cannot be read',
    law: '7',
    file: 'packages/runtime/src/keys.ts',
    from: 'problem !== undefined && now - problem.since >= UNREADABLE_GRACE_MS',
    to: 'problem !== undefined && now < problem.since',
    test: 'packages/runtime/src/keys.test.ts',
  },
  {
    lie: 'any number of campaigns of a day keep their names',
    law: '7',
    file: `${COLLECTOR}/names.ts`,
    from: ' return false;\n    names.size++;',
    to: ' return true;\n    names.size++;',
    test: 'services/collector/test/names.test.ts',
  },
  {
    lie: 'a dead letter keeps its record whole',
    law: '7',
    file: `${SPEED}/decode.ts`,
    from: 'raw.length <= SHOWN_RAW_LENGTH',
    to: 'raw.length >= 0',
    test: 'services/speed/test/dead-letters.test.ts',
  },
  {
    lie: 'a header of the health port may take for ever',
    law: '7',
    file: 'packages/runtime/src/health.ts',
    from: 'headersTimeout: 3_000, requestTimeout: 5_000,',
    to: 'headersTimeout: 0, requestTimeout: 0,',
    test: 'packages/runtime/src/health.test.ts',
  },
];
