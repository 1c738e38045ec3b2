/**
 * Which commit records are of. Asking for the position of a partition and reading its records are two commands, and a commit may come between: so the
 * position is asked for before and after, and where both are the same no commit came between. All three go out in one packet, so one seldom does.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Command, type Redis } from 'ioredis';
import { partitionPrefix } from '../format/keys.ts';
import { sendTogether } from '../redis/one-packet.ts';

/** How often records are read again because a commit came between; after that their positions are not known. */
const MOST_ROUNDS = 3;

const KEPT_RECORDS = readFileSync(new URL('./kept-records.lua', import.meta.url), 'utf8');
const DIGEST = createHash('sha1').update(KEPT_RECORDS).digest('hex');

type Position = string | null | undefined;

/** By partition; without those that moved on meanwhile, and those where nothing was committed. */
export type Positions = ReadonlyMap<number, string>;

/** `read` is called once or several times, and sends its command before it returns. */
export async function readPlaced<T>(
  connection: Redis,
  namespace: string,
  partitions: readonly number[],
  read: () => Promise<T>,
): Promise<{ readonly result: T; readonly positions: Positions }> {
  for (let round = 1; ; round++) {
    const ask = () => positionsNow(connection, namespace, partitions);
    const [before, result, after] = await (connection.isCluster ? inTurn(ask, read) : together(connection, ask, read));
    const stood = before.map((position, i) => position !== undefined && position === after[i]);
    if (!stood.includes(false) || round === MOST_ROUNDS) {
      const known = partitions.flatMap((partition, i) =>
        stood[i] && before[i] != null ? [[partition, before[i]] as const] : [],
      );
      return { result, positions: new Map(known) };
    }
  }
}

type Found<T> = readonly [before: readonly Position[], result: T, after: readonly Position[]];

function together<T>(connection: Redis, ask: () => Promise<readonly Position[]>, read: () => Promise<T>): Promise<Found<T>> {
  sendTogether(connection);
  return Promise.all([ask(), read(), ask()]);
}

/** A cluster that moves a slot has commands sent again, each by itself: what was to be asked before the records would be asked after them. */
async function inTurn<T>(ask: () => Promise<readonly Position[]>, read: () => Promise<T>): Promise<Found<T>> {
  const before = await ask();
  const result = await read();
  return [before, result, await ask()];
}

/**
 * null: nothing was committed there; undefined: it is not known. Not by a command that ioredis sends again where Redis does not know the script: what
 * was to be asked before would be asked after. There nothing is known in this round.
 */
async function positionsNow(redis: Redis, namespace: string, partitions: readonly number[]): Promise<readonly Position[]> {
  const keys = partitions.map((partition) => `${partitionPrefix(namespace, partition)}state`);
  const [key] = keys;
  if (redis.isCluster || (keys.length === 1 && key !== undefined))
    return Promise.all(keys.map((one) => sendNow<string | null>(redis, 'hget', [one, 'position'])));
  try {
    const states = await sendNow<(string | null)[][]>(redis, 'evalsha', [DIGEST, '0', '1', 'position', ...keys]);
    return states.map(([position]) => position ?? null);
  } catch (error) {
    if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
    await redis.script('LOAD', KEPT_RECORDS);
    return keys.map(() => undefined);
  }
}

/** Not by the library's automatic pipelines, which send what they gather behind the commands of this turn that go out by themselves, as those for records do. */
function sendNow<T>(redis: Redis, name: string, args: readonly string[]): Promise<T> {
  return redis.sendCommand(new Command(name, [...args], { replyEncoding: 'utf8' })) as Promise<T>;
}
