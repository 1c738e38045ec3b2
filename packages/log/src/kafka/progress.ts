/**
 * Tells Kafka how far a group of readers has come, for its own tools and for autoscalers that look at lag. Nothing is ever
 * read back: the positions that count lie in the readers' own state.
 */
import type { Position } from '../port.ts';
import { byteWriter } from './bytes.ts';
import type { Address, Connections, KafkaRequest } from './connection.ts';
import { unavailable } from './errors.ts';
import { offsetOf } from './layout.ts';

interface Coordinator extends Address {
  readonly errorCode: number;
}

function findCoordinatorRequest(group: string): KafkaRequest<Coordinator> {
  const GROUP = 0;
  return {
    apiKey: 10,
    name: 'FindCoordinator',
    versions: { min: 4, max: 4 },
    body() {
      const to = byteWriter();
      return to
        .int8(GROUP)
        .list([group], (key) => to.text(key))
        .noTags()
        .done();
    },
    read(reply) {
      reply.int32();
      const [found] = reply.list(() => {
        reply.text();
        reply.int32();
        const address = { host: reply.text() ?? '', port: reply.int32() };
        const errorCode = reply.int16();
        reply.text();
        reply.skipTags();
        return { ...address, errorCode };
      });
      if (found === undefined) throw new Error('the reply to FindCoordinator names none');
      return found;
    },
  };
}

/** As a consumer without a group membership: generation -1. */
function commitRequest(
  group: string,
  topic: string,
  offsets: readonly (readonly [partition: number, next: number])[],
): KafkaRequest<readonly number[]> {
  return {
    apiKey: 8,
    name: 'OffsetCommit',
    versions: { min: 8, max: 8 },
    body() {
      const to = byteWriter();
      to.text(group).int32(-1).text('').text(null);
      to.list([topic], (name) => {
        to.text(name);
        to.list(offsets, ([partition, next]) => to.int32(partition).int64(next).int32(-1).text(null).noTags()).noTags();
      });
      return to.noTags().done();
    },
    read(reply) {
      reply.int32();
      return reply
        .list(() => {
          reply.text();
          const codes = reply.list(() => {
            reply.int32();
            const errorCode = reply.int16();
            reply.skipTags();
            return errorCode;
          });
          reply.skipTags();
          return codes;
        })
        .flat();
    },
  };
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
  if (coordinator.errorCode !== 0) throw unavailable(`nobody coordinates the group ${group} (error ${coordinator.errorCode})`);
  const offsets = [...positions].map(([partition, position]) => [partition, offsetOf(position) + 1] as const);
  const codes = await (await connections.to(coordinator)).send(commitRequest(group, topic, offsets));
  const refused = codes.find((code) => code !== 0);
  if (refused !== undefined) throw unavailable(`the progress of the group ${group} was not noted (error ${refused})`);
}
