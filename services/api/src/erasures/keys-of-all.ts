/** Which keys an erasure takes: all of each person. */
import { TributaryError } from '@tributary/model/errors';
import { partitionOf } from '@tributary/model/user-key';
import { fromStore } from '@tributary/serving/from-store';
import type { AnsweringKey } from '@tributary/serving/users/find-conversion';
import { cutsOfKeys } from '@tributary/serving/users/lost-cut';
import { recordReachMs } from '@tributary/serving/users/record-reach';
import { cutOfRecord } from '@tributary/serving/users/user-timeline';
import { hasEvents, isKeyOf, keysOfUser } from '@tributary/views/identity/keys-of';
import { NEVER_CUT } from '@tributary/views/user-state';
import type { ApiContext } from '../context.ts';
import { untilLinksAreRead } from './until-read.ts';

/** Keys of all users of one request. */
const MOST_KEYS = 10_000;

/** Records that are read together; large ones are read one by one. */
const READ_AT_ONCE = 32;

/** Keys that records name, and whether they do in a way that may merge two users. */
type Named = ReadonlyMap<string, boolean>;

export interface KeysOfAll {
  /** Each key once. Those of a step were found by what records of earlier steps say. */
  readonly steps: readonly (readonly string[])[];
  /** Up to when what these people named may be lost, epoch ms: there may be more keys. `NEVER_CUT`: none of it is. */
  readonly lostTs: number;
}

/** All keys of these people. What they named of other users stays with these. */
export async function keysOfAll(context: ApiContext, asker: string, users: readonly string[]): Promise<KeysOfAll> {
  const { deps, records } = context;
  const found = new Set(users);
  const first = [...found];
  if (!(await mayJoin(context))) return { steps: [first], lostTs: NEVER_CUT };
  await untilLinksAreRead(deps);
  // As of now: what was waited for may have turned it on.
  const { states, definitionsOf, windowsMs } = await followedNow(context);
  const joinedMs = windowsMs.find((windowMs) => windowMs !== null) ?? null;
  const board = { states: () => states, definitions: definitionsOf, joinedMs: () => joinedMs };
  const cutOf = cutsOfKeys(board, recordReachMs);
  let lostTs = NEVER_CUT;
  const noteLost = (key: AnsweringKey | undefined) => {
    if (key !== undefined) lostTs = Math.max(lostTs, cutOf(key), cutOfRecord(key.stored), cutOfRecord(key.asked));
  };
  const placeOf = (userKey: string) => ({ partition: partitionOf(userKey, deps.partitions), userKey });
  const namedBy = (userKey: string, record: Buffer | null | undefined): Named => {
    const windowMs = windowsMs[placeOf(userKey).partition] ?? null;
    if (windowMs === null || record === null || record === undefined) return new Map();
    return new Map(keysOfUser(userKey, record.toString('utf8'), windowMs).map((key) => [key.userKey, key.isMerged]));
  };

  /** Many at once: between the first look and the log nothing should happen. */
  const readEach = async (userKeys: readonly string[], use: (userKey: string, key: AnsweringKey | undefined) => void) => {
    for (let at = 0; at < userKeys.length; at += READ_AT_ONCE) {
      const some = userKeys.slice(at, at + READ_AT_ONCE);
      const read = (keys: readonly string[]) =>
        records.read(asker, keys.map(placeOf), (_records, known) => {
          for (const [i, userKey] of keys.entries()) use(userKey, known[i]);
        });
      try {
        await read(some);
      } catch (error) {
        if (!(error instanceof TributaryError && error.code === 'too_much_asked') || some.length === 1) throw error;
        for (const userKey of some) await read([userKey]);
      }
    }
  };
  const owners: string[] = [];
  let named: Named[] = [];
  await readEach(first, (userKey, key) => {
    const { userKey: owner, stored, asked } = key ?? { userKey, stored: null, asked: null };
    noteLost(key);
    named.push(namedBy(userKey, asked));
    if (owner === userKey) return;
    named.push(namedBy(owner, stored));
    if (found.has(owner)) return;
    found.add(owner);
    owners.push(owner);
  });
  const steps = [first, owners];
  while (named.length > 0) {
    const others = new Map<string, boolean>();
    for (const [userKey, isMerged] of named.flatMap((one) => [...one]))
      if (!found.has(userKey)) others.set(userKey, isMerged || others.get(userKey) === true);
    demandFew(found.size + others.size);
    const step: string[] = [];
    const unsure = new Map<string, Named>();
    named = [];
    await readEach([...others.keys()], (userKey, key) => {
      // Also of what seems to be somebody else's: what was lost may have said otherwise.
      noteLost(key);
      const record = key?.asked;
      const text = record?.toString('utf8') ?? '';
      const isTheirs = isKeyOf(found, text, others.get(userKey) === true);
      if (!isTheirs && hasEvents(text)) return;
      if (!isTheirs) unsure.set(userKey, namedBy(userKey, record));
      else {
        step.push(userKey);
        named.push(namedBy(userKey, record));
      }
    });
    for (const userKey of await neverSent(context, [...unsure.keys()])) {
      step.push(userKey);
      named.push(unsure.get(userKey) as Named);
    }
    for (const userKey of step) found.add(userKey);
    steps.push(step);
  }
  return { steps: steps.filter(({ length }) => length > 0), lostTs };
}

/**
 * Those of the keys that no event was ever sent with, as the one of a page where each event has the id of a user as well: it has nothing but links, which name
 * this user. What was older than records reach when it came is in no record, but in a generation; before the first one it is not known. After a rollback the
 * newest one knows more than the one that readers get.
 */
async function neverSent({ deps, archiveLimit }: ApiContext, keys: readonly string[]): Promise<string[]> {
  if (keys.length === 0) return [];
  const manifest = (await deps.source.manifests()).find(({ state }) => state === 'computed');
  if (manifest === undefined) return [];
  const senders = await archiveLimit.run((signal) => deps.archive.senders(manifest, keys, signal));
  return keys.filter((userKey) => !senders.has(userKey));
}

/**
 * Whether any partition may have read what joins keys, or has it before it: what is in force begins with a barrier, which a store that is read again has not
 * come to. The manifest of its generation is written before the first barrier.
 */
async function mayJoin(context: ApiContext): Promise<boolean> {
  if ((await followedNow(context)).windowsMs.some((windowMs) => windowMs !== null)) return true;
  const { source, storedDefinitions } = context.deps;
  return (await source.manifests()).some(({ definitions }) => storedDefinitions(definitions).joinedMs !== null);
}

/** What partitions follow, as the store has it now. */
async function followedNow({ deps }: ApiContext) {
  const states = await fromStore(deps.store.states());
  const definitionsOf = (partition: number) => {
    const definitions = states[partition]?.definitions;
    return definitions === undefined ? deps.defaultDefinitions : deps.storedDefinitions(definitions);
  };
  return { states, definitionsOf, windowsMs: states.map((_, partition) => definitionsOf(partition).joinedMs) };
}

function demandFew(count: number): void {
  if (count > MOST_KEYS)
    throw new TributaryError(
      'too_much_asked',
      `the keys of the users of one request must be at most ${MOST_KEYS} (got ${count}). Name fewer users`,
    );
}
