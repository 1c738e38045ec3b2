/** Lies about values of the past: which events they are made of. */
import type { Mutation } from './mutation-list.ts';

export const MUTATIONS_OF_TRAINING_SETS: readonly Mutation[] = [
  {
    lie: 'history reads of a user what all definitions look at, not what some do',
    law: '5',
    file: 'packages/archive/src/history/event-filter.ts',
    from: "[...conditions].join(' OR ')",
    to: "[...conditions].join(' AND ')",
    test: 'test/laws/law-5-history.test.ts',
  },
  {
    lie: 'the SQL of a condition takes a star in the name of a field for any name',
    law: '5',
    file: 'packages/signals/src/expressions/sql.ts',
    from: "if (!steps.some((step) => step.includes('*')))",
    to: 'if (steps.length > 0)',
    test: 'test/laws/law-5-expressions.test.ts',
  },
  {
    lie: 'the SQL of a condition takes a whole number beyond 2^53 for an exact one',
    law: '5',
    file: 'packages/signals/src/expressions/sql.ts',
    from: 'Number.MAX_SAFE_INTEGER',
    to: '(2 ** 62)',
    test: 'test/laws/law-5-expressions.test.ts',
  },
  {
    lie: 'what was served knows the event behind the position of the answer',
    law: '5',
    file: 'packages/archive/src/history/past-values.ts',
    from: '(positions[i] as string) <= position',
    to: '(positions[i] as string) <= (positions.find((other) => other > position) ?? position)',
    test: 'test/laws/law-5-history.test.ts',
  },
  {
    lie: 'what was served has whatever was received since',
    law: '5',
    file: 'packages/archive/src/history/past-values.ts',
    from: 'event.receivedAt < atMs',
    to: 'event.receivedAt > 0',
    test: 'test/laws/law-5-history.test.ts',
  },
  {
    lie: 'the position of records is that of before they were read, whatever came meanwhile',
    law: '5',
    file: 'packages/store/src/records/placed-reads.ts',
    from: 'position !== undefined && position === after[i]',
    to: 'position !== undefined && after[i] !== undefined',
    test: 'packages/store/src/records/placed-reads.test.ts',
  },
  {
    lie: 'the position of a record goes with what the library sends behind the record',
    law: '5',
    file: 'packages/store/src/records/placed-reads.ts',
    from: "sendNow<string | null>(redis, 'hget', [one, 'position'])",
    to: "redis.hget(one, 'position')",
    test: 'test/contract/store.redis.test.ts',
  },
  {
    lie: 'a cluster that moves a slot is asked for records and their position at once',
    law: '5',
    file: 'packages/store/src/records/placed-reads.ts',
    from: 'connection.isCluster ? inTurn',
    to: 'connection.isCluster === undefined ? inTurn',
    test: 'packages/store/src/records/placed-reads.test.ts',
  },
];
