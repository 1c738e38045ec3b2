/**
 * Values of definitions of users, whatever form they are answered in:
 *
 *   users ─▶ what is in force in their partitions ─▶ records ─▶ values at one instant, user after user ─▶ what the answer lacks
 */
import type { ValuesMeta } from '@tributary/contract/shapes/meta';
import { TributaryError } from '@tributary/model/errors';
import { partitionOf } from '@tributary/model/user-key';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import type { Asker } from '@tributary/runtime/http/turns-of-keys';
import { settled } from '@tributary/runtime/wait';
import { completenessOf, exampleOf, gapsAmong, gapsOf } from '@tributary/serving/gaps';
import type { AnsweringKey, KeptOfPartitions } from '@tributary/serving/users/find-conversion';
import type { KeptOfQuestion } from '@tributary/serving/users/kept-values';
import { cutsOfKeys } from '@tributary/serving/users/lost-cut';
import { recordReachMs } from '@tributary/serving/users/record-reach';
import { type UserValues, type ValueQuestion, valuesReader } from '@tributary/serving/users/signal-values';
import { lostUpTo } from '@tributary/serving/users/user-timeline';
import { signalsOf } from '@tributary/signals/definitions/file';
import type { SignalSet } from '@tributary/signals/definitions/read';
import type { RecordOwner, RecordSize } from '@tributary/store/serving-store';
import { cutOfRecords, type KeptRecords } from '@tributary/views/record';
import { NEVER_CUT } from '@tributary/views/user-state';
import type { ApiContext } from '../context.ts';
import { demandAtMost } from './answer-writer.ts';
import { besideValues } from './beside-values.ts';
import { turnsWithin } from './turns.ts';

/** Users of one answer that are reported to lack events. */
const MOST_NAMED = 20;
export const MOST_ANSWER_BYTES = 32 * 1024 * 1024;

export interface AskedUsers {
  /** In the order asked; one may be there twice. */
  readonly users: readonly RecordOwner[];
  /** By partition: during a change of definitions two may follow different ones. Those of owners who answer for users come when these are read. */
  readonly sets: Map<number, SignalSet>;
  /** What is asked for in a partition. */
  readonly setOf: (partition: number) => SignalSet;
}

/** A log that does not answer holds up the look, and not who asks. */
const LOOK_MS = 1_000;

/** Where one of `names` is not known, what is in force is looked at once more: a change of definitions may be newer than the last look. */
export async function askedUsers(
  context: ApiContext,
  userKeys: readonly string[],
  names: readonly string[],
): Promise<AskedUsers> {
  const asked = askedNow(context, userKeys);
  const known = knownNames(asked);
  if (names.every((name) => known.has(name))) return asked;
  await settled(context.board.poll(), LOOK_MS);
  return askedNow(context, userKeys);
}

function askedNow({ deps, board }: ApiContext, userKeys: readonly string[]): AskedUsers {
  const users = userKeys.map((userKey) => ({ partition: partitionOf(userKey, deps.partitions), userKey }));
  const partitions = new Set(users.map(({ partition }) => partition));
  const setOf = (partition: number) => signalsOf(board.definitions(partition), sha256Hex);
  return { users, sets: new Map([...partitions].map((partition) => [partition, setOf(partition)])), setOf };
}

/** Names of definitions in force, for whom they were asked. */
export function knownNames({ sets }: AskedUsers): ReadonlySet<string> {
  // Nearly always all partitions follow the same ones.
  const [first, ...others] = new Set(sets.values());
  if (first !== undefined && others.length === 0) return namesOf(first);
  return new Set([first, ...others].flatMap((set) => [...(set?.keys() ?? [])]));
}

const named = new WeakMap<SignalSet, ReadonlySet<string>>();

/** Put together once: each request asks. */
function namesOf(set: SignalSet): ReadonlySet<string> {
  let names = named.get(set);
  if (names === undefined) named.set(set, (names = new Set(set.keys())));
  return names;
}

/** `called`: what the caller calls such names. */
export function unknownName(called: string, unknown: string, known: ReadonlySet<string>): TributaryError {
  const some = [...known].sort().slice(0, 20).join(', ') || 'they have none';
  return new TributaryError(
    'invalid_query',
    `${called} must be names of definitions in force: ${some} (got ${JSON.stringify(unknown.slice(0, 64))}). One that is new in the file is in force from the next run of the batch layer on`,
  );
}

export interface AnsweredUser {
  readonly partition: number;
  readonly userKey: string;
  /** Values are of the events up to this position of the partition, and no others; null: that is not known. */
  readonly position: string | null;
  /** Whether an event of the user is stored. */
  readonly isPresent: boolean;
  /** Whether events may be missing that the log holds: `meta` says which. */
  readonly isBehind: boolean;
  /** When their newest event before `asOf` happened, of any type, epoch ms; -1: there is none. */
  readonly newestTs: number;
}

export interface ValuedUser extends AnsweredUser, UserValues {}

export interface FoundValues {
  readonly asOf: number;
  /** Some were not computed, as the time was over. */
  readonly partial: boolean;
  readonly meta: ValuesMeta;
}

/** What answers make of the values of one user after the other. */
export interface ValuesForm<Made = never> {
  /** Called for each user in the order asked; returns how many bytes of the answer it made. */
  add(user: ValuedUser): number;
  /** What of that may be kept; absent: nothing. */
  readonly kept?: KeptForm<Made>;
}

export interface KeptForm<Made> {
  readonly name: string;
  /** What the last call of `add` made of values that last, with the bytes that it takes. */
  readonly made: () => { readonly made: Made; readonly bytes: number };
  /** In place of `add`, where it was made before: as of `laterMs` before. */
  again(user: AnsweredUser, made: Made, laterMs: number): number;
}

interface Question {
  readonly names: readonly string[];
  /** undefined: now. */
  readonly asOf: number | undefined;
  readonly budgetMs: number;
}

/** Rejects with `invalid_query`, `too_much_asked`. */
export async function findValues<Made = never>(
  { deps, board, records, computations: watch, keptValues }: ApiContext,
  { users, sets, setOf }: AskedUsers,
  { names, asOf: given, budgetMs }: Question,
  asker: Asker | string,
  { add, kept: form }: ValuesForm<Made>,
): Promise<FoundValues> {
  const keptOfSet = form && eachSetOnce((set) => keptValues.of<Made>(form.name, set, names));
  const keptIn = (partition: number) => keptOfSet?.(sets.get(partition) as SignalSet);
  const copies = {
    bytesOf: ({ partition, userKey }: RecordOwner) => keptIn(partition)?.bytesOf(userKey) ?? 0,
    find: ({ partition, userKey }: RecordOwner, size: RecordSize) => keptIn(partition)?.recordOf(userKey, size),
  };
  const read = await records.read(
    asker,
    users,
    async (found, keys, kept) => {
      const own = new Set<number>();
      for (const key of keys) for (const partition of key.partitions) own.add(partition);
      const [inFlight, partitions] = [keys[0]?.inFlight ?? [], [...own]];
      for (const partition of partitions) if (!sets.has(partition)) sets.set(partition, setOf(partition));
      // Known after the records: what they hold was applied at or before this log time, and what they let go of is known by then.
      const now = Math.max(deps.now(), ...partitions.map((partition) => (kept.get(partition)?.logTimeMs ?? 0) + 1));
      // What happens until then is not known: a value of that instant would be a guess that says READY.
      if (given !== undefined && given > now)
        throw new TributaryError(
          'invalid_query',
          `asOf must be an instant that has come (got ${given}, which is ${given - now} ms ahead). Leave it out, which is now.`,
        );
      const asOf = given ?? now;
      const turns = turnsWithin(budgetMs);
      const readers = new Map<number | string, Reader<Made>>();
      const lentCutOf = lentCutsOf(board, kept);
      const readerOf = (key: AnsweringKey) => {
        const [{ partition }, lentCutMs] = [key, lentCutOf(key)];
        const place = lentCutMs === NEVER_CUT ? partition : `${partition} ${lentCutMs}`;
        const made = readers.get(place);
        if (made !== undefined) return made;
        const set = sets.get(partition) as SignalSet;
        const reachMs = recordReachMs(board.definitions(partition));
        const question = questionOf(keptOf(kept, partition), reachMs, asOf, lentCutMs);
        let reader: ReturnType<typeof valuesReader> | undefined;
        /** Where all values were kept, nothing is read. */
        const valuesOf = (record: Buffer | null) => {
          reader ??= valuesReader({ ...question, definitions: names.map((name) => set.get(name)) }, turns.isOver);
          return reader(record);
        };
        const at = { asOfMs: asOf, lackUpToMs: Math.max(question.keptFromMs, question.agedMs) };
        const one = { valuesOf, kept: keptOfSet?.(set), at };
        readers.set(place, one);
        return one;
      };
      const health = board.health();
      const lag = (partition: number) => gapsAmong(health.missing, new Set([partition])).length > 0;
      const behind = health.missing.length === 0 ? NONE : new Set(partitions.filter(lag));
      let bytes = 0;
      const holes: string[] = [];
      let [partial, bounded, backfilling] = [false, 0, false];
      for (const [i, { userKey }] of users.entries()) {
        const { partition, partitions: led, position = null, mark } = keys[i] as AnsweringKey;
        const turning = turns.next();
        if (turning !== undefined) await turning;
        const record = found[i] ?? null;
        const reader = readerOf(keys[i] as AnsweringKey);
        const isBehind = inFlight.length > 0 || led.some((at) => behind.has(at));
        const known = record === null ? undefined : reader.kept?.find(userKey, record, reader.at, mark);
        if (known !== undefined && form !== undefined) {
          const { newestTs, made, asOfMs } = known;
          bytes += form.again({ partition, userKey, position, isPresent: true, isBehind, newestTs }, made, asOf - asOfMs);
          demandAtMost(MOST_ANSWER_BYTES, bytes);
          continue;
        }
        const one = reader.valuesOf(record);
        for (const { status } of one.values) {
          if (status === 'NOT_COMPUTED') partial = true;
          else if (status === 'BACKFILLING') backfilling = true;
        }
        if (one.bounded) bounded++;
        if (one.lostMs !== NEVER_CUT) holes.push(`${JSON.stringify(userKey)}: ${lostUpTo(one.lostMs, 'what signals look at')}`);
        bytes += add({
          ...one,
          partition,
          userKey,
          position,
          isPresent: record !== null,
          isBehind,
        });
        const { lasting, newestTs } = one;
        if (form !== undefined && reader.kept !== undefined && lasting !== null && record !== null)
          reader.kept.keep(userKey, record, { asOfMs: asOf, newestTs, lasting, mark }, form.made);
        demandAtMost(MOST_ANSWER_BYTES, bytes);
      }
      return { asOf, own, holes, inFlight, partial, bounded, backfilling, health };
    },
    'placed',
    copies,
  );
  const { lagMs, watermark, missing, notes } = read.health;
  const { own } = read;
  const gaps = [
    ...gapsAmong(missing, own),
    ...read.inFlight,
    ...gapsOf('record_cut', someOf(read.holes)),
    ...gapsOf(
      'record_cut',
      read.backfilling ? ['records do not reach back yet as far as some signals look: they are BACKFILLING'] : [],
    ),
    ...gapsOf('bound_reached', read.bounded > 0 ? [`the records of ${read.bounded} users hold more events than are read`] : []),
    ...gapsOf('bound_reached', read.partial ? [`the ${budgetMs} ms for values were over`] : []),
  ];
  const { notes: ofComputations, ...beside } = await besideValues(watch, sets.values(), names, deps.now());
  const meta = {
    view: 'speed' as const,
    speed: { lagMs, watermark },
    ...completenessOf(gaps, [...exampleOf(gapsAmong(notes, own)), ...ofComputations]),
    ...beside,
  };
  return { asOf: read.asOf, partial: read.partial, meta };
}

const NONE: ReadonlySet<number> = new Set();

function someOf(holes: readonly string[]): string[] {
  const more = holes.length > MOST_NAMED ? [`and ${holes.length - MOST_NAMED} more users`] : [];
  return [...holes.slice(0, MOST_NAMED), ...more];
}

/** Nearly always all partitions follow the same definitions. */
function eachSetOnce<T>(make: (set: SignalSet) => T): (set: SignalSet) => T {
  const made = new Map<SignalSet, T>();
  return (set) => {
    let one = made.get(set);
    if (one === undefined) made.set(set, (one = make(set)));
    return one;
  };
}

/** Up to when what a key is lent may be lost: nearly always nothing is. Where keys are not joined, what is known of records says all of it, and as of these. */
function lentCutsOf(board: ApiContext['board'], kept: KeptOfPartitions): ReturnType<typeof cutsOfKeys> {
  return board.joinedMs() === null ? () => NEVER_CUT : cutsOfKeys(board, recordReachMs, kept);
}

/** For the users of one partition, of which what they are lent was lost up to the same instant. */
interface Reader<Made> {
  readonly valuesOf: ReturnType<typeof valuesReader>;
  readonly kept: KeptOfQuestion<Made> | undefined;
  readonly at: { readonly asOfMs: number; readonly lackUpToMs: number };
}

function keptOf(kept: KeptOfPartitions, partition: number): KeptRecords | null {
  const one = kept.get(partition);
  if (one === undefined) throw new Error(`what the records of partition ${partition} hold was not read`);
  return one;
}

/** `kept`: as of a commit that the records hold. `reachMs`: how far back records are promised. `lentCutMs`: up to when what others lend may be lost. */
function questionOf(
  kept: KeptRecords | null,
  reachMs: number,
  asOfMs: number,
  lentCutMs: number,
): Omit<ValueQuestion, 'definitions'> {
  const agedMs = kept === null ? NEVER_CUT : kept.logTimeMs - reachMs;
  const cutMs = Math.max(cutOfRecords(kept, reachMs), lentCutMs);
  // What is older than records are kept does not come back, whatever was missing of it.
  const keptFromMs = cutMs > agedMs ? cutMs : NEVER_CUT;
  return { asOfMs, keptFromMs, agedMs };
}
