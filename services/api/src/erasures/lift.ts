/** The end of an erasure. */
import type { Receipt } from '@tributary/archive/erasures';
import type { GenerationManifest } from '@tributary/archive/layout';
import { encodeErasure, LIFT_TYPE } from '@tributary/model/erasure';
import { TributaryError } from '@tributary/model/errors';
import type { ApiContext } from '../context.ts';
import { actorOf } from '../http/auth.ts';
import type { ErasureDesk } from '../ports.ts';
import { record } from './erase.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { seenNow } from './seen.ts';
import { isNewest, isWithout, type Seen, stateOf } from './shown.ts';

/** Users who were lifted, in the manifest of a generation, which each reader of it gets: 1 MB. */
const MOST_LIFTED = 10_000;

type Asker = Parameters<typeof actorOf>[0];

/** Ends an erasure, and every other that is open of its user. Throws `conflict` before readers get a generation without the user. */
export async function liftErasure(context: ApiContext, request: Asker, id: string, user: string): Promise<Receipt> {
  const desk = context.deps.erasures;
  const receipt = await desk.read(id);
  if (desk.digestOf(user) !== receipt.digest)
    throw new TributaryError('invalid_query', `user must be the one of this erasure (got ${JSON.stringify(user)})`);
  const before = await seenNow(context);
  // It may be asked for again because the first request failed, once the log had its lift and before it looked for erasures since.
  if (receipt.lifted !== null && !isNewest(receipt, before)) await eraseIfAskedMeanwhile(context, user, receipt);
  return lift(context, request, user, await liftable(desk, receipt, before));
}

/** Ends the erasures of these users that are in force: all of them, or none where one cannot be lifted yet. */
export async function liftAll(context: ApiContext, request: Asker, users: readonly string[]): Promise<Receipt[]> {
  const desk = context.deps.erasures;
  const before = await seenNow(context);
  const asked: (readonly [user: string, due: Liftable])[] = [];
  for (const user of new Set(users)) {
    const id = before.newest.get(desk.digestOf(user));
    const receipt = id === undefined ? undefined : await desk.read(id);
    // One whose lift is on its way is asked for again: the log may not have it.
    if (receipt !== undefined && stateOf(receipt, before) !== 'lifted')
      asked.push([user, await liftable(desk, receipt, before, asked.length)]);
  }
  const lifted: Receipt[] = [];
  for (const [user, due] of asked) lifted.push(await lift(context, request, user, due));
  return lifted;
}

interface Liftable {
  readonly receipt: Receipt;
  /** Open ones of the same user, which end with it. */
  readonly others: readonly Receipt[];
}

/** `beside`: how many more are lifted with it. Throws `conflict`. */
async function liftable(desk: ErasureDesk, receipt: Receipt, before: Seen, beside = 0): Promise<Liftable> {
  if (!isNewest(receipt, before)) throw notNewest(receipt.id, before.newest.get(receipt.digest));
  demandRoomToLift(receipt.digest, before, beside);
  const others = await otherOpenOf(desk, receipt, before);
  for (const one of [receipt, ...others.filter(({ recorded }) => recorded !== null)]) {
    const state = stateOf(one, before);
    if (state !== 'recomputed' && state !== 'lifting') throw new TributaryError('conflict', whyNot(one.id, state));
  }
  return { receipt, others };
}

async function lift(context: ApiContext, request: Asker, user: string, due: Liftable): Promise<Receipt> {
  const lifted = oneAtATime(due.receipt.digest, () => liftInTurn(context, request, user, due));
  // Also where it failed and was not refused: the log may have the lift that it did not answer to.
  await lifted.catch((error: unknown) => {
    if (error instanceof TributaryError && error.code === 'conflict') throw error;
  });
  await eraseIfAskedMeanwhile(context, user, due.receipt);
  return lifted;
}

/** Another process may have erased the user while this lift was on its way to the log, where a lift ends all that lies before it. */
async function eraseIfAskedMeanwhile(context: ApiContext, user: string, { id, digest }: Receipt): Promise<void> {
  const desk = context.deps.erasures;
  const [newest = id] = await desk.ids(digest);
  if (newest === id) return;
  const meanwhile = await desk.read(newest);
  if (meanwhile.lifted === null) await record(context, [[user, meanwhile]], meanwhile.by, null);
}

/** Throws `conflict` where readers went back to a generation that has the user. */
async function liftInTurn({ deps }: ApiContext, request: Asker, user: string, { receipt, others }: Liftable): Promise<Receipt> {
  const desk = deps.erasures;
  const [by, atMs] = [actorOf(request), deps.now()];
  const end = { at: atMs, by };
  // Since this was asked for it may have been lifted and the user erased again: that is in force, and a lift in the log would end it.
  const [newest = receipt.id] = await desk.ids(receipt.digest);
  if (newest !== receipt.id) throw notNewest(receipt.id, newest);
  // Another request at the same moment may have written its end since, and the log may have its lift: that end stays.
  const now = await desk.read(receipt.id);
  const lifted = { ...now, lifted: now.lifted ?? end };
  // Before the log has it: a receipt that does not know of a lift would call the user refused who is not. This one first: until the log
  // has the lift it can be asked for again, which ends those that a crash left open.
  await desk.write(lifted);
  for (const one of others) await desk.write({ ...one, lifted: end });
  // Who publishes an older generation looks for lifts once it is published: of both at once one is seen here, or there. Asked again too:
  // a request that wrote the end may have died before it looked.
  if (!(await isPublishedWithout(deps, lifted))) {
    if (now.lifted === null && (await isEnd(desk, receipt.id, end)))
      for (const one of [...others, now]) await desk.write({ ...one, lifted: null });
    throw new TributaryError('conflict', whyNot(receipt.id, 'notCounted'));
  }
  const line = encodeErasure({ type: LIFT_TYPE, userKey: user, id: receipt.id, atMs });
  await deps.append(receipt.partition, { kind: 'events', body: line });
  // A request of another process may have taken its end back, and with it this one.
  const after = await desk.read(receipt.id);
  if (after.lifted === null) await desk.write({ ...after, lifted: end });
  deps.onAction('an erasure is lifted', { by, erasure: receipt.id, partition: receipt.partition });
  return lifted;
}

/** Whether the receipt has this end still, and not that of another request. */
async function isEnd(desk: ErasureDesk, id: string, { at, by }: NonNullable<Receipt['lifted']>): Promise<boolean> {
  const { lifted } = await desk.read(id);
  return lifted?.at === at && lifted.by === by;
}

/** A generation that has the lift already counts what came after it alone. */
async function isPublishedWithout({ source }: ApiContext['deps'], receipt: Receipt): Promise<boolean> {
  const publication = await source.publication();
  if (publication === null) return false;
  const manifest = await source.manifest(publication.generation);
  return isWithout(manifest, receipt) || hasLift(manifest, receipt);
}

function hasLift(manifest: GenerationManifest | null, { digest, recorded }: Receipt): boolean {
  return recorded !== null && (manifest?.lifted?.[digest]?.position ?? '') > recorded.position;
}

/** Two requests at once about one user leave two: one lift ends both. */
async function otherOpenOf(desk: ErasureDesk, { id, digest }: Receipt, { all }: Seen): Promise<Receipt[]> {
  const others = (all.get(digest) ?? []).filter((one) => one !== id);
  return (await Promise.all(others.map((one) => desk.read(one)))).filter(({ lifted }) => lifted === null);
}

/** Between two generations as many may be lifted as are erased. */
function demandRoomToLift(digest: string, { manifests }: Seen, beside: number): void {
  const lifted = manifests[0]?.lifted ?? {};
  const count = Object.keys(lifted).length + beside + 1;
  if (count <= MOST_LIFTED || digest in lifted) return;
  throw new TributaryError(
    'conflict',
    `users who were lifted must be at most ${MOST_LIFTED} (got ${count}): leave this erasure in force, or erase some of the others again`,
  );
}

function notNewest(id: string, newest: string | undefined): TributaryError {
  return new TributaryError('conflict', `the erasure must be the newest of its user to be lifted (got ${id}). Name ${newest}`);
}

function whyNot(id: string, state: ReturnType<typeof stateOf>): string {
  if (state === 'lifted') return `the erasure must be in force to be lifted (got ${id}, which is lifted already)`;
  return `the erasure must be recomputed to be lifted (got ${state} of ${id}): readers must get a generation that was computed without the user. Ask for a run`;
}
