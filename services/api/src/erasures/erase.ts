/** Erasing users: all keys of each, a receipt for each key, then the records in the log. */
import { newReceipt, type Receipt } from '@tributary/archive/erasures';
import { ERASE_TYPE, encodeErasure } from '@tributary/model/erasure';
import { TributaryError } from '@tributary/model/errors';
import { partitionOf } from '@tributary/model/user-key';
import { NEVER_CUT } from '@tributary/views/user-state';
import type { ApiContext } from '../context.ts';
import { actorOf } from '../http/auth.ts';
import type { ApiDeps, ErasureDesk } from '../ports.ts';
import { type KeysOfAll, keysOfAll } from './keys-of-all.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { seenNow } from './seen.ts';
import { isRefusedNow, type Seen } from './shown.ts';

/** Digests in the state of a partition, which each reader of it gets: 330 KB. */
const MOST_OF_PARTITION = 10_000;
/** Records of one entry of the log: 200 KB of the longest keys, where a topic of Kafka may take 1 MB. */
const MOST_OF_ENTRY = 100;

type Asker = Parameters<typeof actorOf>[0];

export interface Erased {
  /** One for each key of these people that was found. */
  readonly receipts: readonly Receipt[];
  /** Why there may be more keys of them. */
  readonly warnings: string[];
}

/** Answers once the log has the records. */
export async function eraseAll(
  context: ApiContext,
  request: Asker,
  users: readonly string[],
  reason: string | null,
): Promise<Erased> {
  const { deps } = context;
  const [by, askedAt] = [actorOf(request), deps.now()];
  const { steps, asked, before, lostTs } = await askForAll(context, request.owner, users, { askedAt, by, reason });
  const receipts = new Map<string, Receipt>();
  for (const own of entriesOf(steps, asked))
    for (const [userKey, receipt] of await record(context, own, by, before)) receipts.set(userKey, receipt);
  // Lifted while this erased them: which of both records is the last one in the log is not known.
  for (const [userKey, { partition, digest, askedAt: first, lifted }] of [...receipts]) {
    if (lifted === null) continue;
    const again = newReceipt({ partition, digest, askedAt: Math.max(deps.now(), first + 1), by, reason });
    await deps.erasures.create(again);
    for (const [, receipt] of await record(context, [[userKey, again]], by, before)) receipts.set(userKey, receipt);
  }
  // Those asked for first.
  return { receipts: asked.map(([userKey]) => receipts.get(userKey) as Receipt), warnings: warningsOf(lostTs) };
}

function warningsOf(lostTs: number): string[] {
  if (lostTs === NEVER_CUT) return [];
  const before = new Date(lostTs).toISOString();
  return [
    `events up to ${before} were lost, which may have named more keys of these people: those that are known to you must be erased by their names`,
  ];
}

/**
 * Receipts of one entry, once the log has it. What it has already is refused by both layers, so it is appended again: the log may have lost it. `before`:
 * null for one whose record the log must have again.
 */
export async function record(
  { deps }: ApiContext,
  own: readonly [Asked, ...Asked[]],
  by: string,
  before: Seen | null,
): Promise<Asked[]> {
  const desk = deps.erasures;
  const [[, { partition }]] = own;
  const lines = own.map(([userKey, { id, askedAt: atMs }]) => encodeErasure({ type: ERASE_TYPE, userKey, id, atMs }));
  // A lift that did not see these receipts must have reached the log first, or it would end them. Any that begins now sees them.
  for (const [, { digest }] of own) await oneAtATime(digest, async () => {});
  const position = await deps.append(partition, { kind: 'events', body: lines.join('\n') });
  const recorded: Asked[] = [];
  for (const [userKey, receipt] of own) {
    // Where it is not in force, the log may have lost the record of before: what was sent since counts until this one.
    const isKnown = before !== null && receipt.recorded !== null && isRefusedNow(receipt, before);
    const written = await oneAtATime(receipt.digest, async () => {
      const now = await desk.read(receipt.id);
      const next = isKnown ? now : { ...now, recorded: { at: deps.now(), position } };
      await desk.write(next);
      return next;
    });
    recorded.push([userKey, written]);
    deps.onAction('a user is erased', { by, erasure: receipt.id, partition });
  }
  return recorded;
}

/** Looks at the keys of the users of one request. */
const MOST_LOOKS = 4;

interface AskedAll extends KeysOfAll {
  readonly asked: readonly Asked[];
  readonly before: Seen;
}

/**
 * The keys of all these people, each with a receipt. Receipts of thousands take seconds to write, and a user may sign in with one more key meanwhile, which
 * could not be found again: so keys are looked for until each has a receipt.
 */
async function askForAll(
  context: ApiContext,
  owner: string,
  users: readonly string[],
  about: Pick<Receipt, 'askedAt' | 'by' | 'reason'>,
): Promise<AskedAll> {
  const { deps } = context;
  const { erasures: desk, partitions } = deps;
  const steps: string[][] = [];
  const asked = new Map<string, Receipt>();
  let lostTs = NEVER_CUT;
  let before: Seen | undefined;
  for (let looks = 0; looks < MOST_LOOKS; looks++) {
    const keys = await keysOfAll(context, owner, users);
    lostTs = Math.max(lostTs, keys.lostTs);
    const found = keys.steps.map((step) => step.filter((userKey) => !asked.has(userKey)));
    const more = found.flat();
    if (more.length === 0) break;
    steps.push(...found);
    before = await seenNow(context);
    demandRoom(deps, steps.flat(), before);
    for (const userKey of more) {
      const partition = partitionOf(userKey, partitions);
      const receipt =
        (await openErasure(desk, userKey, before)) ?? newReceipt({ partition, digest: desk.digestOf(userKey), ...about });
      await desk.create(receipt);
      asked.set(userKey, receipt);
    }
  }
  return { steps, lostTs, asked: [...asked], before: before ?? (await seenNow(context)) };
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

/**
 * Entries of one partition each, of at most `MOST_OF_ENTRY` records. The record of a key says which others there are, and is gone with it: those come first, so
 * that who asks again after a crash finds the rest.
 */
function entriesOf(steps: readonly (readonly string[])[], asked: readonly Asked[]): (readonly [Asked, ...Asked[]])[] {
  const entries: [Asked, ...Asked[]][] = [];
  const receipts = new Map(asked);
  for (const step of steps.toReversed()) {
    const ofStep = step.map((userKey): Asked => [userKey, receipts.get(userKey) as Receipt]);
    for (const own of Map.groupBy(ofStep, ([, receipt]) => receipt.partition).values())
      for (let at = 0; at < own.length; at += MOST_OF_ENTRY)
        entries.push(own.slice(at, at + MOST_OF_ENTRY) as [Asked, ...Asked[]]);
  }
  return entries;
}
