/** Lies about messages between keys: their numbers, what is in flight, also where a speed layer begins from nothing, and what a record says of its key beside them. */
import type { Mutation } from './mutation-list.ts';

const REBUILT = 'jobs/recompute/test/rebuild-joined.test.ts';
const MESSAGES = 'services/speed/test/messages.test.ts';
const IN_FLIGHT = 'packages/serving/src/freshness/in-flight.test.ts';

export const MUTATIONS_OF_MESSAGES: readonly Mutation[] = [
  {
    lie: 'what a user who is gone had caused is in flight for ever once its sender began from nothing',
    law: '7',
    file: 'packages/serving/src/freshness/in-flight.ts',
    from: "if (applied < (sender?.relayed?.sent[to] ?? '') || causeOf",
    to: "if (applied !== (sender?.relayed?.sent[to] ?? '') || causeOf",
    test: REBUILT,
  },
  {
    lie: 'what was applied and the store of its sender lost is not in flight',
    law: '7',
    file: 'packages/serving/src/freshness/in-flight.ts',
    from: " || causeOf(applied) > (sender?.position ?? '')",
    to: '',
    test: IN_FLIGHT,
  },
  {
    lie: 'a message is missing wherever archived files lost one',
    law: '7',
    file: 'services/speed/src/apply/apply-keyed.ts',
    from: ' || position <= archivedUpTo',
    to: '',
    test: REBUILT,
  },
  {
    lie: 'a message has another number once lines before its cause have left the archive',
    law: '1',
    file: 'services/speed/src/read/decode.ts',
    from: 'entry.lineNumbers?.[i] ?? i',
    to: 'i',
    test: REBUILT,
  },
  {
    lie: 'a message is applied though the one before it is missing',
    law: '7',
    file: 'services/speed/src/apply/apply-keyed.ts',
    from: '(after <= last || position <= archivedUpTo)',
    to: '(after >= last || after <= last)',
    test: MESSAGES,
  },
  {
    lie: 'a line says all that it causes in one commit',
    law: '7',
    file: 'services/speed/src/messages/send-ahead.ts',
    from: 'length > messagesLength && stored',
    to: 'length < 0 && stored',
    test: MESSAGES,
  },
  {
    lie: 'messages that go ahead stand behind their cause',
    law: '1',
    file: 'services/speed/src/messages/send-ahead.ts',
    from: 'messagesAlone(run, stored, {',
    to: 'messagesAlone(run, commit.next, {',
    test: MESSAGES,
  },
  {
    lie: 'a record keeps messages and forgets that its key is a user',
    law: '9',
    file: 'packages/views/src/record.ts',
    from: 'if (rules.definitions.joinedMs !== null) {',
    to: 'if (rules.definitions.joinedMs === undefined) {',
    test: 'packages/views/src/record.test.ts',
  },
  {
    lie: 'links reach back behind what records have',
    law: '4',
    file: 'jobs/recompute/src/begin/joined-alike.ts',
    from: 'const reachMs = Math.min(keptMs, logTimeMs - cutTs);',
    to: 'const reachMs = keptMs;',
    test: 'jobs/recompute/src/begin/joined-alike.test.ts',
  },
  {
    lie: 'a key whose erasure is lifted holds what it held before',
    law: '9',
    file: 'services/speed/src/apply/apply-erasure.ts',
    from: '  if (user.key !== undefined) user.key = emptyKey(userKey, run.definitions.joinedMs ?? 0, digestOf);\n',
    to: '',
    test: 'test/laws/law-1-adoption.test.ts',
  },
  {
    lie: 'a message goes to a partition that does not join keys yet',
    law: '1',
    file: 'services/speed/src/messages/once-joined.ts',
    from: 'definitions === null || !joins(definitions)',
    to: 'definitions === null',
    test: 'services/speed/test/turning-on.test.ts',
  },
];
