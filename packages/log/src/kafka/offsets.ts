/** Where a partition begins and ends, and what it means that a position lies outside. */
import { TributaryError } from '@tributary/model/errors';
import type { Connections } from './connections.ts';
import { recreated, unavailable } from './errors.ts';
import type { Topic } from './topic.ts';
import { EARLIEST, LATEST, listOffsetsRequest } from './topic-requests.ts';

export async function offsetAt(
  topic: Topic,
  connections: Connections,
  partition: number,
  which: typeof EARLIEST | typeof LATEST,
): Promise<number> {
  const [led] = (await topic.byLeader([partition])).values();
  if (led === undefined) throw unavailable(`partition ${partition} has no leader`);
  const connection = await connections.to(led.address);
  const [listed] = await connection.send(listOffsetsRequest(topic.name, [partition], which));
  if (listed === undefined) throw unavailable(`partition ${partition} was left out of a reply`);
  if (listed.errorCode === 0) return listed.offset;
  await topic.refresh();
  throw unavailable(`the offsets of partition ${partition} are not reported (error ${listed.errorCode})`);
}

/** Throws `position_expired` below the start, and `log_recreated` beyond the end. null: from the oldest on. */
export async function demandInRange(
  topic: Topic,
  connections: Connections,
  partition: number,
  offset: number | null,
): Promise<void> {
  // Names a topic that was made again as what it is, before its offsets are compared with those of the old one.
  await topic.refresh();
  if (offset === null) return;
  const earliest = await offsetAt(topic, connections, partition, EARLIEST);
  if (offset < earliest) {
    const message = `partition ${partition} begins at offset ${earliest}, past the position ${offset - 1}`;
    throw new TributaryError('position_expired', message);
  }
  const latest = await offsetAt(topic, connections, partition, LATEST);
  if (offset > latest)
    throw recreated(topic.name, topic.id, `partition ${partition} ends at offset ${latest}, before the position ${offset - 1}`);
}
