/**
 * What records hold, beside the records. Asking for the position of a partition and reading its records are two commands, and a commit may come between: so
 * the position is asked for before and after, and where both are the same no commit came between. What the partition says of its records comes with the
 * position after them. All three go out in one packet, so a commit seldom comes between.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { KeptRecords } from '@tributary/views/record';
import { Command, type Redis } from 'ioredis';
import { partitionPrefix } from '../format/keys.ts';
import { KEPT_FIELDS, keptFrom, rewrittenFrom } from '../format/state.ts';
import { sendTogether } from '../redis/one-packet.ts';
import { readOfTexts } from '../redis/short-read.ts';

/** How often records are read again because a commit came between; after that their positions are not known. */
const MOST_ROUNDS = 3;

const KEPT_RECORDS = readFileSync(new URL('./kept-records.lua', import.meta.url), 'utf8');
const DIGEST = createHash('sha1').update(KEPT_RECORDS).digest('hex');

/** The position is the last of the fields that are asked for. */
const BEFORE = fieldsOf(['rewritten', 'position']);
const AFTER = fieldsOf(KEPT_FIELDS);

/** Some fields of states, and how those of one are read. */
function fieldsOf(names: readonly string[]) {
  return { names, ofOne: readOfTexts('hmget', names) };
}
type Fields = ReturnType<typeof fieldsOf>;

/** The fields of each partition. */
type States = readonly (readonly (string | null)[])[];

export interface PlacedRead<T> {
  readonly result: T;
  /** By partition; without those that moved on meanwhile, and those where nothing was committed. */
  readonly positions: ReadonlyMap<number, string>;
  /** By partition, all of them: as of after the read. */
  readonly kept: ReadonlyMap<number, KeptRecords | null>;
  /** By partition that has a position: the commit that rewrote a record last, where that is known. */
  readonly rewritten: ReadonlyMap<number, string>;
}

/** `read` is called once or several times, and sends its command before it returns. */
export async function readPlaced<T>(
  connection: Redis,
  namespace: string,
  partitions: readonly number[],
  read: () => Promise<T>,
): Promise<PlacedRead<T>> {
  const keys = stateKeys(namespace, partitions);
  const ask = (fields: Fields) => statesNow(connection, keys, fields);
  for (let round = 1; ; round++) {
    const [before, result, found] = await (connection.isCluster ? inTurn(ask, read) : together(connection, ask, read));
    const after = found ?? (await ask(AFTER));
    const positions = new Map<number, string>();
    const kept = new Map<number, KeptRecords | null>();
    const rewritten = new Map<number, string>();
    let haveStood = before !== undefined;
    for (const [i, partition] of partitions.entries()) {
      const fields = after[i] ?? [];
      kept.set(partition, keptFrom(fields));
      const position = fields.at(-1);
      if (before?.[i]?.at(-1) !== position) haveStood = false;
      else if (position != null) {
        positions.set(partition, position);
        const last = rewrittenFrom(fields);
        // Users are erased of a store that was put back by commits that stay at its position (erase-restored.ts): one may have come between.
        if (last !== undefined && before?.[i]?.[0]?.startsWith(`${last}\n`)) rewritten.set(partition, last);
      }
    }
    if (haveStood || round === MOST_ROUNDS) return { result, positions, kept, rewritten };
  }
}

/** What partitions say of their records, in one command. */
export async function keptOfStates(
  connection: Redis,
  namespace: string,
  partitions: readonly number[],
): Promise<Map<number, KeptRecords | null>> {
  const keys = stateKeys(namespace, partitions);
  const states =
    (await statesNow(connection, keys, AFTER).catch((error) => loadScript(connection, error))) ??
    (await statesNow(connection, keys, AFTER));
  return new Map(partitions.map((partition, i) => [partition, keptFrom(states[i] ?? [])]));
}

function stateKeys(namespace: string, partitions: readonly number[]): string[] {
  return partitions.map((partition) => `${partitionPrefix(namespace, partition)}state`);
}

type AskStates = (fields: Fields) => Promise<States>;
type Found<T> = readonly [before: States | undefined, result: T, after: States | undefined];

function together<T>(connection: Redis, ask: AskStates, read: () => Promise<T>): Promise<Found<T>> {
  sendTogether(connection);
  const asked = (fields: Fields) => ask(fields).catch((error) => loadScript(connection, error));
  return Promise.all([asked(BEFORE), read(), asked(AFTER)]);
}

/** A cluster that moves a slot has commands sent again, each by itself: what was to be asked before the records would be asked after them. */
async function inTurn<T>(ask: AskStates, read: () => Promise<T>): Promise<Found<T>> {
  const before = await ask(BEFORE);
  const result = await read();
  return [before, result, await ask(AFTER)];
}

/**
 * Where Redis does not know the script. Not by a command that ioredis sends again by itself there: what was to be asked before would be asked after, so
 * nothing is known of before in this round.
 */
async function loadScript(redis: Redis, error: unknown): Promise<undefined> {
  if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
  await redis.script('LOAD', KEPT_RECORDS);
}

function statesNow(redis: Redis, keys: readonly string[], { names, ofOne }: Fields): Promise<States> {
  if (redis.isCluster || keys.length === 1) return Promise.all(keys.map((key) => ofOne(redis, key)));
  return sendNow<(string | null)[][]>(redis, 'evalsha', [DIGEST, '0', String(names.length), ...names, ...keys]);
}

/** Not by the library's automatic pipelines, which send what they gather behind the commands of this turn that go out by themselves, as those for records do. */
function sendNow<T>(redis: Redis, name: string, args: readonly string[]): Promise<T> {
  return redis.sendCommand(new Command(name, [...args], { replyEncoding: 'utf8' })) as Promise<T>;
}
