/** Erasing users: all keys of each, a receipt for each key, then the records in the log. */
import { newReceipt, type Receipt } from '@tributary/archive/erasures';
import { ERASE_TYPE, encodeErasure } from '@tributary/model/erasure';
import { TributaryError } from '@tributary/model/errors';
import { partitionOf } from '@tributary/model/user-key';
import { isKeyOf, keysOfUser } from '@tributary/views/identity/keys-of';
import type { ApiContext } from '../context.ts';
import { actorOf } from '../http/auth.ts';
import type { ApiDeps, ErasureDesk } from '../ports.ts';
import { seenNow } from './seen.ts';
import { isRefusedNow, type Seen } from './shown.ts';

/** Digests in the state of a partition, which each reader of it gets: 330 KB. */
const MOST_OF_PARTITION = 10_000;
/** Keys of all users of one request. */
const MOST_KEYS = 10_000;
/** Records of one entry of the log: 200 KB of the longest keys, where a topic of Kafka may take 1 MB. */
const MOST_OF_ENTRY = 100;

type Asker = Parameters<typeof actorOf>[0];

/** Receipts of all keys of these people, once the log has the records. */
export async function eraseAll(
  context: ApiContext,
  request: Asker,
  users: readonly string[],
  reason: string | null,
): Promise<Receipt[]> {
  const { deps } = context;
  const { erasures: desk, partitions } = deps;
  const keys = await keysOfAll(context, request.owner, users);
  const before = await seenNow(context);
  demandRoom(deps, keys, before);
  const [by, askedAt] = [actorOf(request), deps.now()];
  const asked: Asked[] = [];
  for (const userKey of keys) {
    const partition = partitionOf(userKey, partitions);
    const receipt =
      (await openErasure(desk, userKey, before)) ??
      newReceipt({ partition, digest: desk.digestOf(userKey), askedAt, by, reason });
    await desk.create(receipt);
    asked.push([userKey, receipt]);
  }
  const receipts: Receipt[] = [];
  // What the log has already is refused by both layers, so it is appended again: the log may have lost it.
  for (const own of entriesOf(asked)) {
    const [[, { partition }]] = own;
    const lines = own.map(([userKey, { id, askedAt: atMs }]) => encodeErasure({ type: ERASE_TYPE, userKey, id, atMs }));
    const position = await deps.append(partition, { kind: 'events', body: lines.join('\n') });
    for (const [, receipt] of own) {
      // Where it is not in force, the log may have lost the record of before: what was sent since counts until this one.
      const isKnown = receipt.recorded !== null && isRefusedNow(receipt, before);
      const recorded = isKnown ? receipt : { ...receipt, recorded: { at: deps.now(), position } };
      await desk.write(recorded);
      receipts.push(recorded);
      deps.onAction('a user is erased', { by, erasure: receipt.id, partition });
    }
  }
  return receipts;
}

/** Asked again, it is the same erasure. */
async function openErasure(desk: ErasureDesk, userKey: string, { newest }: Seen): Promise<Receipt | undefined> {
  const id = newest.get(desk.digestOf(userKey));
  const receipt = id === undefined ? undefined : await desk.read(id);
  return receipt?.lifted === null ? receipt : undefined;
}

function demandRoom({ erasures: desk, partitions }: ApiDeps, keys: readonly string[], { states }: Seen): void {
  for (const [partition, own] of Map.groupBy(keys, (key) => partitionOf(key, partitions))) {
    const erased = new Set(states[partition]?.erased);
    const before = erased.size;
    for (const key of own) erased.add(desk.digestOf(key));
    if (erased.size <= MOST_OF_PARTITION || erased.size === before) continue;
    throw new TributaryError(
      'conflict',
      `erasures that are in force must be at most ${MOST_OF_PARTITION} in a partition (got ${erased.size} in partition ${partition}). Lift some of users who send nothing any more`,
    );
  }
}

type Asked = readonly [userKey: string, receipt: Receipt];

/** Entries of one partition each, of at most `MOST_OF_ENTRY` records. */
function entriesOf(asked: readonly Asked[]): (readonly [Asked, ...Asked[]])[] {
  const entries: [Asked, ...Asked[]][] = [];
  for (const own of Map.groupBy(asked, ([, receipt]) => receipt.partition).values())
    for (let at = 0; at < own.length; at += MOST_OF_ENTRY) entries.push(own.slice(at, at + MOST_OF_ENTRY) as [Asked, ...Asked[]]);
  return entries;
}

/** All keys of these people, each once: what they named of other users stays with these. */
async function keysOfAll({ board, deps, records }: ApiContext, asker: string, users: readonly string[]): Promise<string[]> {
  const keys = new Set(users);
  for (const userKey of users) {
    const asked = { partition: partitionOf(userKey, deps.partitions), userKey };
    const windowMs = board.definitions(asked.partition).joinedMs;
    if (windowMs === null) continue;
    const others = await records.read(asker, [asked], (_records, [key]) => {
      if (key === undefined) return [];
      keys.add(key.userKey);
      const named = keysOfUser(key.userKey, key.stored?.toString('utf8') ?? '', windowMs);
      return named.filter((other) => !keys.has(other.userKey));
    });
    demandFew(keys.size + others.length);
    for (const { userKey: other, isMerged } of others) {
      const named = { partition: partitionOf(other, deps.partitions), userKey: other };
      const isTheirs = await records.read(asker, [named], (_records, [key]) =>
        isKeyOf(keys, key?.asked?.toString('utf8') ?? '', isMerged),
      );
      if (isTheirs) keys.add(other);
    }
  }
  return [...keys];
}

function demandFew(count: number): void {
  if (count > MOST_KEYS)
    throw new TributaryError(
      'too_much_asked',
      `the keys of the users of one request must be at most ${MOST_KEYS} (got ${count}). Name fewer users`,
    );
}
