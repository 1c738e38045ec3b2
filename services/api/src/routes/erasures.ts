/** Erasing users, how far that is, and lifting it. Whose an erasure is stands nowhere but in the log, until that is trimmed: receipts have a digest. */
import { digestOfReceipt, newReceipt, type Receipt } from '@tributary/archive/erasures';
import { ERASURE_ROUTES } from '@tributary/contract/groups/erasures';
import { ERASE_TYPE, encodeErasure, LIFT_TYPE } from '@tributary/model/erasure';
import { TributaryError } from '@tributary/model/errors';
import { partitionOf } from '@tributary/model/user-key';
import { fromStore } from '@tributary/serving/from-store';
import { keysOfUser } from '@tributary/views/identity/keys-of';
import type { ApiContext, Routes } from '../context.ts';
import { isNewest, type Seen, shownErasure, stateOf } from '../erasures/shown.ts';
import { actorOf } from '../http/auth.ts';
import { decodeCursor, encodeCursor } from '../http/pages.ts';
import { serve } from '../http/serve.ts';

/** Digests in the state of a partition, which each reader of it gets: 330 KB. */
const MOST_OF_PARTITION = 10_000;
/** Users who were lifted, in the manifest of a generation, which each reader of it gets: 1 MB. */
const MOST_LIFTED = 10_000;
/** Keys of all users of one request. */
const MOST_KEYS = 10_000;
/** Records of one entry of the log: 200 KB of the longest keys, where a topic of Kafka may take 1 MB. */
const MOST_OF_ENTRY = 100;

type Asker = Parameters<typeof actorOf>[0];

export const routes: Routes = (context) => (app, _options, done) => {
  const { deps } = context;
  const { erasures: desk, partitions } = deps;

  async function seen(): Promise<Seen> {
    const [states, pointer, manifests, forgotten, ids] = await Promise.all([
      fromStore(deps.store.states()),
      fromStore(deps.store.pointer()),
      deps.source.manifests(),
      desk.forgotten(),
      desk.ids(),
    ]);
    // The last that is set stays: the newest.
    const newest = new Map(ids.reverse().map((id) => [digestOfReceipt(id), id]));
    return { states, manifests, forgotten, newest, served: context.generations.take(pointer).loaded.manifest };
  }

  async function eraseAll(request: Asker, users: readonly string[], reason: string | null): Promise<Receipt[]> {
    const keys = await keysOfAll(context, request.owner, users);
    const before = await seen();
    demandRoom(keys, before);
    const [by, askedAt] = [actorOf(request), deps.now()];
    const asked: Asked[] = [];
    for (const userKey of keys) {
      const partition = partitionOf(userKey, partitions);
      const receipt =
        (await openErasure(userKey, before)) ?? newReceipt({ partition, digest: desk.digestOf(userKey), askedAt, by, reason });
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
        const recorded = { ...receipt, recorded: receipt.recorded ?? { at: deps.now(), position } };
        await desk.write(recorded);
        receipts.push(recorded);
        deps.onAction('a user is erased', { by, erasure: receipt.id, partition });
      }
    }
    return receipts;
  }

  /** Asked again, it is the same erasure. */
  async function openErasure(userKey: string, { newest }: Seen): Promise<Receipt | undefined> {
    const id = newest.get(desk.digestOf(userKey));
    const receipt = id === undefined ? undefined : await desk.read(id);
    return receipt?.lifted === null ? receipt : undefined;
  }

  /** Two requests at once about one user leave two: one lift ends both. */
  async function otherOpenOf({ id, digest }: Receipt): Promise<Receipt[]> {
    const others = (await desk.ids(digest)).filter((one) => one !== id);
    return (await Promise.all(others.map((one) => desk.read(one)))).filter(({ lifted }) => lifted === null);
  }

  function demandRoom(keys: readonly string[], { states }: Seen): void {
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

  const answerOf = async (receipts: readonly Receipt[]) => {
    const now = await seen();
    return { erasures: receipts.map((receipt) => shownErasure(receipt, now)) };
  };

  serve(app, ERASURE_ROUTES.eraseUser, async (request) => {
    const { reason = null } = request.query;
    return answerOf(await eraseAll(request, [request.params.id], reason));
  });

  serve(app, ERASURE_ROUTES.eraseUsers, async (request) => {
    const { users, reason = null } = request.body;
    return answerOf(await eraseAll(request, users, reason));
  });

  serve(app, ERASURE_ROUTES.erasures, async ({ query }) => {
    const { user, limit, cursor } = query;
    const asked = ['erasures', user ?? null];
    const after = cursor === undefined ? undefined : decodeCursor(asked, cursor, ['string'])[0];
    const ids = await desk.ids(user === undefined ? undefined : desk.digestOf(user));
    const left = after === undefined ? ids : ids.filter((id) => id < after);
    const page = left.slice(0, limit);
    const last = page.at(-1);
    const answer = await answerOf(await Promise.all(page.map((id) => desk.read(id))));
    return { ...answer, nextCursor: last === undefined || left.length === page.length ? null : encodeCursor(asked, [last]) };
  });

  serve(app, ERASURE_ROUTES.erasure, async ({ params }) => ({
    erasure: shownErasure(await desk.read(params.id), await seen()),
  }));

  serve(app, ERASURE_ROUTES.liftErasure, async (request) => {
    const receipt = await desk.read(request.params.id);
    const { user } = request.body;
    if (desk.digestOf(user) !== receipt.digest)
      throw new TributaryError('invalid_query', `user must be the one of this erasure (got ${JSON.stringify(user)})`);
    const before = await seen();
    if (!isNewest(receipt, before))
      throw new TributaryError(
        'conflict',
        `the erasure must be the newest of its user to be lifted (got ${receipt.id}). Name ${before.newest.get(receipt.digest)}`,
      );
    demandRoomToLift(receipt.digest, before);
    const others = await otherOpenOf(receipt);
    for (const one of [receipt, ...others.filter(({ recorded }) => recorded !== null)]) {
      const state = stateOf(one, before);
      if (state !== 'recomputed' && state !== 'lifting') throw new TributaryError('conflict', whyNot(state));
    }
    const [by, atMs] = [actorOf(request), deps.now()];
    const end = { at: atMs, by };
    const lifted = { ...receipt, lifted: receipt.lifted ?? end };
    // Before the log has it: a receipt that does not know of a lift would call the user refused who is not. This one first: until the log
    // has the lift it can be asked for again, which ends those that a crash left open.
    await desk.write(lifted);
    for (const one of others) await desk.write({ ...one, lifted: end });
    const line = encodeErasure({ type: LIFT_TYPE, userKey: user, id: receipt.id, atMs });
    await deps.append(receipt.partition, { kind: 'events', body: line });
    deps.onAction('an erasure is lifted', { by, erasure: receipt.id, partition: receipt.partition });
    return { erasure: shownErasure(lifted, await seen()) };
  });
  done();
};

/** Between two generations as many may be lifted as are erased. */
function demandRoomToLift(digest: string, { manifests }: Seen): void {
  const lifted = manifests[0]?.lifted ?? {};
  const count = Object.keys(lifted).length + 1;
  if (count <= MOST_LIFTED || digest in lifted) return;
  throw new TributaryError(
    'conflict',
    `users who were lifted must be at most ${MOST_LIFTED} (got ${count}): leave this erasure in force, or erase some of the others again`,
  );
}

type Asked = readonly [userKey: string, receipt: Receipt];

/** Entries of one partition each, of at most `MOST_OF_ENTRY` records. */
function entriesOf(asked: readonly Asked[]): (readonly [Asked, ...Asked[]])[] {
  const entries: [Asked, ...Asked[]][] = [];
  for (const own of Map.groupBy(asked, ([, receipt]) => receipt.partition).values())
    for (let at = 0; at < own.length; at += MOST_OF_ENTRY) entries.push(own.slice(at, at + MOST_OF_ENTRY) as [Asked, ...Asked[]]);
  return entries;
}

function whyNot(state: ReturnType<typeof stateOf>): string {
  if (state === 'lifted') return 'the erasure must be in force to be lifted (got one that is lifted already)';
  return `the erasure must be recomputed to be lifted (got ${state}): readers must get a generation that was computed without the user. Ask for a run`;
}

/** All keys of these people, each once. */
async function keysOfAll({ board, deps, records }: ApiContext, asker: string, users: readonly string[]): Promise<string[]> {
  const keys = new Set(users);
  for (const userKey of users) {
    const asked = { partition: partitionOf(userKey, deps.partitions), userKey };
    const windowMs = board.definitions(asked.partition).joinedMs;
    if (windowMs === null) continue;
    await records.read(asker, [asked], (_records, [key]) => {
      if (key === undefined) return;
      keys.add(key.userKey);
      for (const other of keysOfUser(key.userKey, key.stored?.toString('utf8') ?? '', windowMs)) keys.add(other.userKey);
    });
  }
  if (keys.size <= MOST_KEYS) return [...keys];
  throw new TributaryError('too_much_asked', `the keys of ${users.length} users must be at most ${MOST_KEYS} (got ${keys.size})`);
}
