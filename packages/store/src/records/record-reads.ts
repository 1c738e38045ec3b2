/** Users' records as raw bytes, within a bound. */
import type { Redis, Result } from 'ioredis';
import { recordKey } from '../format/keys.ts';
import { sendTogether } from '../redis/one-packet.ts';
import { defineScript, isMoving } from '../redis/scripts.ts';
import { readOfBytes } from '../redis/short-read.ts';
import { type OnRecords, type RecordOwner, SHORT_ANSWER_BYTES } from '../serving-store.ts';
import { keptOfStates, readPlaced } from './placed-reads.ts';
import { type ConnectionNumber, markOf } from './record-sizes.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    tributaryRecordLengths(...args: string[]): Result<number[], Context>;
  }
}

/** In the order of the users: a record, null where there is none, the size of one that would pass the bound. */
export type RecordReads = (
  users: readonly RecordOwner[],
  maxBytes: number,
  onRecords?: OnRecords,
) => Promise<(Buffer | null | number)[]>;

/** `bulk`: the connection for long answers. `connectionNumber`: of `redis`. */
export function createRecordReads(redis: Redis, namespace: string, bulk: Redis, connectionNumber: ConnectionNumber): RecordReads {
  for (const connection of new Set([redis, bulk]))
    defineScript(connection, 'tributaryRecordLengths', new URL('./record-lengths.lua', import.meta.url), 'any keys');

  /**
   * Sizes first, then what fits, by MGET: a script that gives the records themselves holds up Redis seven times as long (290 ms for 30 MB).
   * No key is named to a script: readers may not write.
   */
  return (users, maxBytes, onRecords) => {
    const [user] = users;
    if (user === undefined) return Promise.resolve([]);
    const connection = maxBytes <= SHORT_ANSWER_BYTES ? redis : bulk;
    sendTogether(connection);
    if (users.length > 1) return readAll(connection, users, maxBytes, onRecords);
    const key = recordKey(namespace, user.partition, user.userKey);
    const read = () => recordWithin(connection, key, maxBytes);
    return onRecords === undefined ? read() : placed(connection, users, [0], onRecords, read);
  };

  async function readAll(
    connection: Redis,
    users: readonly RecordOwner[],
    maxBytes: number,
    onRecords: OnRecords | undefined,
  ): Promise<(Buffer | null | number)[]> {
    const keys = users.map(({ partition, userKey }) => recordKey(namespace, partition, userKey));
    const lengths = await lengthsOf(connection, keys, maxBytes);
    // Nearly all questions: all of them fit, in one answer.
    if (lengths.length === 0)
      return await placed(connection, users, [...users.keys()], onRecords, () => recordsOfPartition(connection, keys));
    const records: (Buffer | null | number)[] = lengths;
    const fitting = fittingIn(lengths, maxBytes);
    const together = redis.isCluster ? [...Map.groupBy(fitting, (i) => (users[i] as RecordOwner).partition).values()] : [fitting];
    await Promise.all(
      together.map(async (indexes) => {
        if (indexes.length === 0) return;
        const own = indexes.map((i) => keys[i] as string);
        const found = await placed(connection, users, indexes, onRecords, () => recordsOfPartition(connection, own));
        for (const [at, i] of indexes.entries()) records[i] = found[at] ?? null;
      }),
    );
    return records;
  }

  /** `indexes`: of the users whose records are read. */
  async function placed<T>(
    connection: Redis,
    users: readonly RecordOwner[],
    indexes: readonly number[],
    onRecords: OnRecords | undefined,
    read: () => Promise<T>,
  ): Promise<T> {
    if (onRecords === undefined) return await read();
    const partitions = partitionsAmong(users, indexes);
    const { position: placeAt } = onRecords;
    if (placeAt === undefined) return await withKept(connection, partitions, onRecords, read);
    const partitionAt = (i: number) => (users[i] as RecordOwner).partition;
    const number = connectionNumber();
    const found = await readPlaced(connection, namespace, partitions, read);
    const { result, positions, kept, rewritten } = found;
    for (const [partition, one] of kept) onRecords.kept(partition, one);
    for (const i of indexes) {
      const position = positions.get(partitionAt(i));
      // What came over the other connection may be of another server than what sizes are asked of.
      const last = connection === redis ? rewritten.get(partitionAt(i)) : undefined;
      if (position !== undefined) placeAt(i, position, markOf(number, last));
    }
    return result;
  }

  async function withKept<T>(
    connection: Redis,
    partitions: readonly number[],
    onRecords: OnRecords,
    read: () => Promise<T>,
  ): Promise<T> {
    const reading = read();
    // What is sent later may be answered first by a cluster.
    if (connection.isCluster) await reading;
    const [result, kept] = await Promise.all([reading, keptOfStates(connection, namespace, partitions)]);
    for (const [partition, one] of kept) onRecords.kept(partition, one);
    return result;
  }
}

/** Which of these sizes, by index and in order, are no more than `maxBytes` together. */
export function fittingIn(sizes: readonly number[], maxBytes: number): number[] {
  let left = maxBytes;
  return [...sizes.keys()].filter((i) => {
    const size = sizes[i] as number;
    if (size > left) return false;
    left -= size;
    return true;
  });
}

/** A single record in one command: its end, which is all of it but where it is longer than the bound. */
async function recordWithin(connection: Redis, key: string, maxBytes: number): Promise<[Buffer | null | number]> {
  const end = await endOf(maxBytes)(connection, key);
  if (end.length > maxBytes) return [await connection.strlen(key)];
  return [end.length === 0 ? null : end];
}

/** Each once. `indexes`: of the users. */
function partitionsAmong(users: readonly RecordOwner[], indexes: readonly number[]): readonly number[] {
  const [first] = users;
  if (users.length === 1 && first !== undefined) return [first.partition];
  return [...new Set(indexes.map((i) => (users[i] as RecordOwner).partition))];
}

/** Nearly all reads have the same bound. */
let known = { maxBytes: -1, read: readOfBytes('getrange', ['0', '-1']) };

/** One byte more than the bound shows that there are more. */
function endOf(maxBytes: number) {
  if (known.maxBytes !== maxBytes) known = { maxBytes, read: readOfBytes('getrange', [String(-maxBytes - 1), '-1']) };
  return known.read;
}

/** On a single Redis empty where all fit; on a cluster their keys lie on several nodes. */
function lengthsOf(connection: Redis, keys: readonly string[], maxBytes: number): Promise<number[]> {
  if (connection.isCluster) return Promise.all(keys.map((key) => connection.strlen(key)));
  return connection.tributaryRecordLengths('0', String(maxBytes), ...keys);
}

/** While its slot moves a command a key: each is then found wherever it is. */
async function recordsOfPartition(connection: Redis, keys: readonly string[]): Promise<(Buffer | null)[]> {
  try {
    return await connection.mgetBuffer(...keys);
  } catch (error) {
    if (!isMoving(error)) throw error;
    return Promise.all(keys.map((key) => connection.getBuffer(key)));
  }
}
