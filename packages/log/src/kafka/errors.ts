/** Errors of Kafka in the words of the log. Codes: org.apache.kafka.common.protocol.Errors. */
import { TributaryError } from '@tributary/model/errors';

export const CODE = {
  offsetOutOfRange: 1,
  unknownTopic: 3,
  leaderNotAvailable: 5,
  notLeader: 6,
  messageTooLarge: 10,
  recordListTooLarge: 18,
  topicExists: 36,
  tooFewBrokers: 38,
  storage: 56,
  fencedEpoch: 74,
  unknownEpoch: 75,
  unknownTopicId: 100,
  inconsistentTopicId: 103,
} as const;

/** The partition has moved, or will in a moment: ask where it is. */
const MOVED: ReadonlySet<number> = new Set([
  CODE.leaderNotAvailable,
  CODE.notLeader,
  CODE.storage,
  CODE.fencedEpoch,
  CODE.unknownEpoch,
]);
/** Perhaps another topic stands in its place. */
const UNKNOWN: ReadonlySet<number> = new Set([CODE.unknownTopic, CODE.unknownTopicId, CODE.inconsistentTopicId]);

export function isMoved(code: number): boolean {
  return MOVED.has(code);
}

export function isUnknownTopic(code: number): boolean {
  return UNKNOWN.has(code);
}

export function unavailable(what: string, cause?: unknown): TributaryError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new TributaryError('log_unavailable', `the log in Kafka: ${what}${why}`, { cause });
}

export function recreated(topic: string, identity: string, found: string): TributaryError {
  return new TributaryError('log_recreated', `the topic ${topic} with the id ${identity} is gone from Kafka: ${found}`);
}

/** Expected errors stay; whatever else went wrong on the way to a broker is `log_unavailable`. */
export function asLogError(error: unknown, what: string): Error {
  const expected = error instanceof TributaryError || error instanceof RangeError;
  return expected ? error : unavailable(what, error);
}
