/**
 * Reports to Kafka how far a group of readers has come, for its own tools and for autoscalers that look at lag. Nothing is ever
 * read back: the positions that count lie in the readers' own state.
 */
import { findCoordinatorV4, offsetCommitV8 } from '@platformatic/kafka';
import type { Position } from '../port.ts';
import type { Address } from './connection.ts';
import type { Connections } from './connections.ts';
import { unavailable } from './errors.ts';
import { offsetOf } from './layout.ts';
import { type KafkaRequest, libraryRequest } from './request.ts';

interface Coordinator extends Address {
  readonly errorCode: number;
}

function findCoordinatorRequest(group: string): KafkaRequest<Coordinator> {
  const GROUP = 0;
  return libraryRequest(findCoordinatorV4, [GROUP, [group]], ({ coordinators: [found] }) => {
    if (found === undefined) throw new Error('the reply to FindCoordinator names none');
    return found;
  });
}

/** As a consumer without a group membership: generation -1. */
function commitRequest(
  group: string,
  topic: string,
  offsets: readonly (readonly [partition: number, next: number])[],
): KafkaRequest<readonly number[]> {
  const partitions = offsets.map(([partitionIndex, next]) => ({
    partitionIndex,
    committedOffset: BigInt(next),
    committedLeaderEpoch: -1,
    committedMetadata: null,
  }));
  return libraryRequest(offsetCommitV8, [group, -1, '', null, [{ name: topic, partitions }]], ({ topics }) =>
    topics.flatMap((answer) => answer.partitions.map(({ errorCode }) => errorCode)),
  );
}

/** `positions`: what each partition was durably read up to. */
export async function commitProgress(
  connections: Connections,
  broker: Address,
  topic: string,
  group: string,
  positions: ReadonlyMap<number, Position>,
): Promise<void> {
  const coordinator = await (await connections.to(broker)).send(findCoordinatorRequest(group));
  if (coordinator.errorCode !== 0) throw unavailable(`no broker coordinates the group ${group} (error ${coordinator.errorCode})`);
  const offsets = [...positions].map(([partition, position]) => [partition, offsetOf(position) + 1] as const);
  const codes = await (await connections.to(coordinator)).send(commitRequest(group, topic, offsets));
  const refused = codes.find((code) => code !== 0);
  if (refused !== undefined) throw unavailable(`the progress of the group ${group} was not noted (error ${refused})`);
}
