/**
 * How long records are, for who has copies of some. A record that is as long as its copy, and was not rewritten since that was read, is the same: what is
 * appended makes it longer. That holds for as long as the connection stands: behind a new one may be a store that lost what it had written, and wrote
 * something else of the same length. An operator can put another store behind one that stands (`REPLICAOF`, a proxy): so it holds for a minute.
 */
import { MINUTE_MS } from '@tributary/model/time';
import type { Redis, Result } from 'ioredis';
import { partitionPrefix, recordKey } from '../format/keys.ts';
import { KEPT_FIELDS, keptField, keptFrom, rewrittenFrom } from '../format/state.ts';
import { sendTogether } from '../redis/one-packet.ts';
import { defineScript } from '../redis/scripts.ts';
import type { ServingStore } from '../serving-store.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    tributaryRecordSizes(...args: string[]): Result<[...states: (string | null)[][], sizes: string], Context>;
  }
}

/** The number of the connection: another one each time that it was made again, and after a minute. */
export type ConnectionNumber = () => number;

/** `now`: ms. */
export function numberOfConnection(redis: Pick<Redis, 'stream'>, now = () => performance.now()): ConnectionNumber {
  let { stream } = redis;
  let number = 0;
  let sinceMs = now();
  return () => {
    const nowMs = now();
    if (redis.stream !== stream || nowMs - sinceMs >= MINUTE_MS) {
      number++;
      stream = redis.stream;
      sinceMs = nowMs;
    }
    return number;
  };
}

/** `rewritten`: the commit that rewrote a record of the partition last. */
export function markOf(connection: number, rewritten: string | undefined): string | undefined {
  return rewritten === undefined ? undefined : `${connection} ${rewritten}`;
}

/** Undefined on a cluster: no script sees several partitions there. */
export function createRecordSizes(
  redis: Redis,
  namespace: string,
  connectionNumber: ConnectionNumber,
): ServingStore['recordSizes'] {
  if (redis.isCluster) return undefined;
  defineScript(redis, 'tributaryRecordSizes', new URL('./record-sizes.lua', import.meta.url), 'any keys');
  const fields = [String(KEPT_FIELDS.length), ...KEPT_FIELDS];

  return async (users, onRecords) => {
    const partitions = [...new Set(users.map(({ partition }) => partition))];
    const states = partitions.map((partition) => `${partitionPrefix(namespace, partition)}state`);
    const records = users.map(({ partition, userKey }) => recordKey(namespace, partition, userKey));
    sendTogether(redis);
    const connection = connectionNumber();
    const answer = await redis.tributaryRecordSizes('0', ...fields, String(states.length), ...states, ...records);
    const positions = new Map<number, string>();
    const marks = new Map<number, string>();
    for (const [i, partition] of partitions.entries()) {
      const values = answer[i] as (string | null)[];
      onRecords.kept(partition, keptFrom(values));
      const position = keptField(values, 'position');
      if (position != null) positions.set(partition, position);
      const mark = markOf(connection, rewrittenFrom(values));
      if (mark !== undefined) marks.set(partition, mark);
    }
    for (const [i, { partition }] of users.entries()) {
      const position = positions.get(partition);
      if (position !== undefined) onRecords.position?.(i, position, marks.get(partition));
    }
    return (answer.at(-1) as string)
      .split(',')
      .map((size, i) => ({ bytes: Number(size), mark: marks.get(users[i]?.partition as number) }));
  };
}
