/** Lies about what comes from Kafka: its batches, and the replies of its brokers. */
import type { Mutation } from './mutation-list.ts';

const KAFKA = 'packages/log/src/kafka';
const CONNECTION = `${KAFKA}/connection.test.ts`;
const UNREADABLE_BY_KAFKA = 'test/faults/kafka-unreadable.kafka.test.ts';

export const MUTATIONS_OF_KAFKA: readonly Mutation[] = [
  {
    lie: 'a batch that nobody can read fails its partition',
    law: '7',
    file: `${KAFKA}/committed.ts`,
    from: '    if (!(error instanceof UnreadableBatch)) throw error;\n',
    to: '    throw error;\n',
    test: `${KAFKA}/unreadable-batch.test.ts`,
  },
  {
    lie: 'messages for which there was no room are passed over',
    law: '3',
    file: `${KAFKA}/committed.ts`,
    from: 'wantsMore ? batch.lastOffset + 1 : next, work',
    to: 'batch.lastOffset + 1, work',
    test: `${KAFKA}/unreadable-batch.test.ts`,
  },
  {
    lie: 'an append is cut where the room ends',
    law: '7',
    file: `${KAFKA}/entries.ts`,
    from: "(mark === 'line' && !endsBatch) || ",
    to: '',
    test: `${KAFKA}/unreadable-batch.test.ts`,
  },
  {
    lie: 'refused batches cost nothing',
    law: '7',
    file: `${KAFKA}/committed.ts`,
    from: 'work: MAX_UNPACKED_BYTES, wantsMore',
    to: 'work: 0, wantsMore',
    test: `${KAFKA}/unreadable-batch.test.ts`,
  },
  {
    lie: 'whatever a reply unpacks to is unpacked',
    law: '7',
    file: `${KAFKA}/lane.ts`,
    from: 'Math.min(roomOf(maxBytes), shareOf(offsets.size) - before.bytes)',
    to: 'Number.POSITIVE_INFINITY',
    test: UNREADABLE_BY_KAFKA,
  },
  {
    lie: 'one damaged partition fails the reads of all',
    law: '7',
    file: `${KAFKA}/lane.ts`,
    from: 'failures.push(visited.failure);',
    to: 'throw visited.failure;',
    test: UNREADABLE_BY_KAFKA,
  },
  {
    lie: 'appends may be larger than readers unpack',
    law: '6',
    file: `${KAFKA}/found-topic.ts`,
    from: 'DEFAULT_MESSAGE_BYTES), MAX_UNPACKED_BYTES)',
    to: 'DEFAULT_MESSAGE_BYTES), Infinity)',
    test: UNREADABLE_BY_KAFKA,
  },
  {
    lie: 'of the partitions that have nothing the first one is read first, always',
    law: '7',
    file: `${KAFKA}/lane.ts`,
    from: ' || turnOf(a) - turnOf(b)',
    to: ' || b - a',
    test: 'test/contract/log.kafka.test.ts',
  },
  {
    lie: 'a reply may be of any size',
    law: '7',
    file: `${KAFKA}/replies.ts`,
    from: ' || size > MAX_REPLY_BYTES)',
    to: ')',
    test: CONNECTION,
  },
  {
    lie: 'a reply may lead its reader back',
    law: '7',
    file: `${KAFKA}/replies.ts`,
    from: 'value < 0 || value > this.length',
    to: 'value > 2 ** 31',
    test: CONNECTION,
  },
  {
    lie: 'the code of one partition loses what the others are told',
    law: '7',
    file: `${KAFKA}/request.ts`,
    from: 'if (!(error instanceof ResponseError)) throw error;',
    to: 'throw error;',
    test: CONNECTION,
  },
  {
    lie: 'the id of a topic is spelled with hyphens',
    law: '7',
    file: `${KAFKA}/topic-requests.ts`,
    from: ".replaceAll('-', '')",
    to: '',
    test: CONNECTION,
  },
  {
    lie: 'a login that is answered with nonsense ends the process',
    law: '7',
    file: `${KAFKA}/login.ts`,
    from: '          done(thrown as Error);',
    to: '          throw thrown;',
    test: CONNECTION,
  },
];
