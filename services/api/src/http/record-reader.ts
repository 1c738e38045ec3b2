/**
 * Users' records within bounds: a user named twice is read once, what a request reads is bounded before it is read, and so is
 * what all requests hold together. Redis builds each answer in its own memory, so large requests are read in parts.
 */

import { TributaryError } from '@tributary/model/errors';
import { partitionOf } from '@tributary/model/user-key';
import { createFairShare } from '@tributary/runtime/http/fair-share';
import { type About, gapsBetween } from '@tributary/serving/freshness/in-flight';
import type { SpeedBoard } from '@tributary/serving/freshness/speed-board';
import { fromStore } from '@tributary/serving/from-store';
import type { AnsweringKey, RecordReader } from '@tributary/serving/users/find-conversion';
import { type RecordOwner, type RecordsBetween, type ServingStore, SHORT_ANSWER_BYTES } from '@tributary/store/serving-store';
import { countingRecord, ownerOfRecord } from '@tributary/views/identity/keyed-record';
import { ANYWHERE, namedIn } from '@tributary/views/said-marks';
import { keyOf } from './asker.ts';
import { apart, type Known, type Noting, notingIn, notingPlaces } from './known-records.ts';
import { createLargeRecordsTurn } from './large-records-turn.ts';
import { createManyUsersTurns } from './many-users-turns.ts';
import { createOneRecordRead, demandShare, FIRST_BYTES_OF_FEW } from './one-record.ts';
import { readWithCopies } from './read-with-copies.ts';

export interface RecordLimits {
  /** Records of one request. A single record has at most 32 MiB; where keys are joined, up to 128 for as long as nothing is relayed. */
  readonly requestBytes: number;
  /** Records of all requests at a time. */
  readonly inFlightBytes: number;
  /** One answer of the store; a record that is larger is read alone. */
  readonly partBytes: number;
  /** Records of which there are copies: up to as many bytes, to read them takes no longer than to ask how long they are. */
  readonly fewBytes: number;
}

const MIB = 1024 * 1024;
export const RECORD_LIMITS: RecordLimits = {
  requestBytes: 64 * MIB,
  inFlightBytes: 512 * MIB,
  partBytes: MIB,
  fewBytes: 16 * 1024,
};

/** The first answer is asked for without knowing sizes: nearly all records are smaller, and then it is the only one. */
const FIRST_BYTES = MIB;
const FIRST_BYTES_OF_USER = 64 * 1024;
/** Lines that may be appended between the answer that has a record's size and the one that brings it. */
const GROWTH_BYTES = SHORT_ANSWER_BYTES - RECORD_LIMITS.partBytes;
/** Requests for large records that wait while one is under way; a key has one of all these. */
const MOST_LARGE_WAITING = 2;
const MOST_ROUNDS = 1_000;
/** Questions about more users wait for their turn: what eight of them hold is a hundred megabytes. */
const FEW_USERS = 250;
const MOST_OF_MANY = 8;
const MOST_OF_MANY_WAITING = 256;
/** For their turn, ms: as long as questions over many rows wait. */
const MOST_OF_MANY_WAIT_MS = 30_000;

/** What is to be known of keys of one person. */
interface JoinedKeys extends Pick<SpeedBoard, 'joinedMs' | 'pollForJoined'> {
  readonly partitions: number;
  now(): number;
}

export function createRecordReader(
  store: Pick<ServingStore, 'records' | 'recordSizes' | 'recordsBetween' | 'relayed'>,
  keys: JoinedKeys,
  limits: RecordLimits = RECORD_LIMITS,
): RecordReader {
  const reading = createFairShare(limits.inFlightBytes);
  const largeOnes = createLargeRecordsTurn(MOST_LARGE_WAITING);

  const many: RecordReader = {
    async read(whose, users, use, beside = 'kept', copies) {
      const asker = keyOf(whose);
      const asked = eachOnce(users);
      const known: Known = { places: new Map(), kept: new Map() };
      let claimedBytes = 0;
      /** In all, not more. */
      const claim = (bytes: number) => {
        reading.give(asker, claimedBytes);
        claimedBytes = 0;
        demandShare(reading, asker, bytes);
        reading.take(asker, bytes);
        claimedBytes = bytes;
      };
      // Where keys are joined, states are read behind the records as it is.
      const isPlaced = beside === 'placed';
      const noting = notingIn(known, keys.joinedMs() === null || isPlaced ? beside : 'nothing');
      const { ask, askBetween, letGo } = heldAnswers(store, noting);
      const looks = createLooks(store, askBetween);
      /** Beside `held` bytes of records that were read before. `first`: what has the first answer. */
      const readAll = async (owners: readonly RecordOwner[], held: number, first = ask): Promise<(Buffer | null)[]> => {
        const firstBytes = Math.min(FIRST_BYTES, Math.max(FIRST_BYTES_OF_FEW, owners.length * FIRST_BYTES_OF_USER));
        claim(held + firstBytes);
        const records = await first(owners, firstBytes);
        if (records.some(isMissing)) {
          demandBound(limits.requestBytes, records, held);
          claim(records.filter(isMissing).reduce((sum, bytes) => sum + bytes, held + firstBytes));
          await readMissing(owners, records, limits.partBytes, ask);
          if (records.some(isMissing))
            await largeOnes.run(asker, () => readMissing(owners, records, Number.POSITIVE_INFINITY, ask));
        }
        return records as (Buffer | null)[];
      };
      const sizes = { store, fewBytes: limits.fewBytes, noting: notingPlaces(known) };
      const readOthers = () => readWithCopies(sizes, asked, copies, (owners) => readAll(owners, 0));
      const useInOrder = (records: readonly (Buffer | null)[], all: readonly AnsweringKey[]) => {
        const inOrder = orderOf(asked, users);
        return use(inOrder(records), inOrder(all), known.kept);
      };
      try {
        const { isJoined, stored } = await readJoinedOrNot(keys, looks, readOthers, (first) => readAll(asked, 0, first));
        const answering = asked.map((owner, i) => apart(owner, stored[i] ?? null, isPlaced && !isJoined ? known : undefined));
        if (!isJoined) return await useInOrder(stored, answering);
        await answerByOwners(answering, readAll);
        // States are looked at once a second otherwise: what a key gave away since is with its owner some commits later.
        const isFirst = answering.every(({ partitions }) => partitions.length === 1);
        const after = await looks.after(isFirst);
        // Other partitions lend events: what those lost by now is lacking here.
        for (const [partition, state] of after.entries()) known.kept.set(partition, state);
        const inFlight = gapsBetween(looks.before(), after, () => aboutOf(answering));
        const all = answering.map((key) => ({
          ...key,
          ...(isPlaced && { position: known.places.get(key.userKey)?.position ?? null }),
          ...(inFlight.length > 0 && { inFlight }),
        }));
        const counting = all.map((key) => countingOf(key, keys.joinedMs()));
        return await useInOrder(counting, all);
      } finally {
        reading.give(asker, claimedBytes);
        letGo();
      }
    },
  };
  const large = createManyUsersTurns(MOST_OF_MANY, MOST_OF_MANY_WAITING, MOST_OF_MANY_WAIT_MS);
  const inTurn: RecordReader['read'] = (asker, users, use, beside, copies) => {
    const read = () => many.read(asker, users, use, beside, copies);
    if (users.length <= FEW_USERS) return read();
    return large.run(typeof asker === 'string' ? { key: asker, isGone: () => false } : asker, read);
  };
  return { read: createOneRecordRead({ store, keys, reading, fewBytes: limits.fewBytes }, inTurn) };

  /** Puts owners, with their records, in place of keys that are linked. Ends, as no key is passed twice and `MAX_HOPS` are passed at most. */
  async function answerByOwners(
    answering: AnsweringKey[],
    readAll: (owners: readonly RecordOwner[], held: number) => Promise<(Buffer | null)[]>,
  ): Promise<void> {
    const passed = answering.map((): string[] => []);
    for (let left = [...answering.keys()]; ; ) {
      const linked = left.flatMap((i) => {
        const key = answering[i] as AnsweringKey;
        const owner = ownerOf(key, passed[i] as string[]);
        return owner === key.userKey ? [] : [[i, { partition: partitionOf(owner, keys.partitions), userKey: owner }] as const];
      });
      if (linked.length === 0) return;
      const held = answering.reduce((sum, { stored }) => sum + sizeOf(stored), 0);
      const owners = [...new Map(linked.map(([, owner]) => [owner.userKey, owner])).values()];
      const records = new Map((await readAll(owners, held)).map((record, at) => [owners[at]?.userKey, record]));
      for (const [i, owner] of linked) {
        const before = answering[i] as AnsweringKey;
        passed[i]?.push(before.userKey);
        const stored = records.get(owner.userKey) ?? null;
        answering[i] = { ...owner, stored, asked: before.asked, partitions: [...before.partitions, owner.partition] };
      }
      left = linked.map(([i]) => i);
    }
  }

  function ownerOf({ userKey, stored }: AnsweringKey, passed: readonly string[]): string {
    const windowMs = keys.joinedMs();
    if (windowMs === null || stored === null) return userKey;
    return ownerOfRecord(userKey, stored, windowMs, { atMs: keys.now(), passed });
  }

  /** Puts records of up to `most` bytes in place of their sizes, some at a time. */
  async function readMissing(
    owners: readonly RecordOwner[],
    records: (Buffer | null | number)[],
    most: number,
    ask: AskStore,
  ): Promise<void> {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const asked: number[] = [];
      let bytes = 0;
      for (const [i, record] of records.entries()) {
        if (!isMissing(record) || record > most || (asked.length > 0 && bytes + record > limits.partBytes)) continue;
        asked.push(i);
        bytes += record;
      }
      if (asked.length === 0) return;
      const some = asked.map((i) => owners[i] as RecordOwner);
      const read = await ask(some, bytes + GROWTH_BYTES);
      for (const [at, i] of asked.entries()) records[i] = read[at] ?? null;
    }
    throw new TributaryError('store_unavailable', `records grew faster than they were read, ${MOST_ROUNDS} times`);
  }
}

/** `held`: bytes of records that were read before. */
function demandBound(mostBytes: number, records: readonly (Buffer | null | number)[], held: number): void {
  const total = records.reduce<number>((sum, record) => sum + sizeOf(record), held);
  if (total > mostBytes)
    throw new TributaryError(
      'too_much_asked',
      `the records of the ${records.length} users must sum to at most ${mostBytes} bytes (got ${total})`,
    );
}

type AskStore = (owners: readonly RecordOwner[], mostBytes: number) => Promise<(Buffer | null | number)[]>;

/**
 * What the store answers one request, until that is let go of: else the promises of Redis' client keep it until the whole heap is collected, and 0.6 MB for
 * 100 users make that happen three times a second.
 */
function heldAnswers(store: Pick<ServingStore, 'records' | 'recordsBetween'>, noting: Noting | undefined) {
  const answers: unknown[][] = [];
  const { recordsBetween } = store;
  const ask: AskStore = async (owners, mostBytes) => {
    const answer = await fromStore(store.records(owners, mostBytes, noting?.(owners)));
    answers.push(answer);
    return answer;
  };
  const askBetween =
    recordsBetween &&
    (async (owners: readonly RecordOwner[], mostBytes: number) => {
      const found = await fromStore(recordsBetween(owners, mostBytes, noting?.(owners)));
      answers.push(found.records);
      return found;
    });
  return {
    ask,
    askBetween,
    letGo() {
      for (const answer of answers) answer.length = 0;
    },
  };
}

/** What was in flight before the records of a question were read, and after it: with their first answer, where the store gives all of it in order. */
function createLooks(store: Pick<ServingStore, 'relayed'>, askBetween: ReturnType<typeof heldAnswers>['askBetween']) {
  let before: RecordsBetween['before'] = [];
  let after: RecordsBetween['after'] | undefined;
  return {
    async first(): Promise<AskStore | undefined> {
      if (askBetween !== undefined)
        return async (owners, mostBytes) => {
          const found = await askBetween(owners, mostBytes);
          before = found.before;
          if (!found.records.some(isMissing)) after = found.after;
          return found.records;
        };
      before = await fromStore(store.relayed());
      return undefined;
    },
    before: () => before,
    /** `isFirst`: nothing was read behind the first answer but what that lacked. */
    after: async (isFirst: boolean) => (isFirst ? after : undefined) ?? (await fromStore(store.relayed())),
  };
}

/** Again where keys came to be joined meanwhile. */
async function readJoinedOrNot<Found>(
  keys: Pick<JoinedKeys, 'joinedMs' | 'pollForJoined'>,
  looks: Pick<ReturnType<typeof createLooks>, 'first'>,
  readApart: () => Promise<Found>,
  readJoined: (first?: AskStore) => Promise<Found>,
) {
  if (keys.joinedMs() === null) {
    const stored = await readApart();
    const polling = keys.pollForJoined();
    if (polling !== undefined) await fromStore(polling);
    if (keys.joinedMs() === null) return { isJoined: false, stored };
  }
  return { isJoined: true, stored: await readJoined(await looks.first()) };
}

/** What may change the answers of these keys: messages to their partitions, and to those of keys that their users named in links; null: any. */
function aboutOf(answering: readonly AnsweringKey[]): About {
  const about = new Set<number>();
  for (const { stored, partitions } of answering) {
    for (const partition of [...partitions, ...(namedIn(stored?.toString('latin1') ?? '') ?? [])]) about.add(partition);
    if (about.has(ANYWHERE)) return null;
  }
  return about;
}

function countingOf({ userKey, stored }: AnsweringKey, windowMs: number | null): Buffer | null {
  return windowMs === null || stored === null ? stored : countingRecord(userKey, stored, windowMs);
}

/** What was found of each that was asked for, as often as users are named. */
function orderOf(asked: readonly RecordOwner[], users: readonly RecordOwner[]) {
  if (asked.length === users.length) return <One>(each: readonly One[]) => each;
  const places = new Map(asked.map(({ userKey }, i) => [userKey, i]));
  return <One>(each: readonly One[]) => users.map(({ userKey }) => each[places.get(userKey) as number] as One);
}

/** In order; as they are where no user is named twice. */
function eachOnce(users: readonly RecordOwner[]): readonly RecordOwner[] {
  if (users.length === 1) return users;
  const keys = new Set<string>();
  for (const { userKey } of users) keys.add(userKey);
  return keys.size === users.length ? users : [...new Map(users.map((user) => [user.userKey, user])).values()];
}

function isMissing(record: Buffer | null | number): record is number {
  return typeof record === 'number';
}

function sizeOf(record: Buffer | null | number): number {
  return typeof record === 'number' ? record : (record?.length ?? 0);
}
