/**
 * Where a conversion is, and the timeline it stands in. Asked first is the speed layer (what it saw since the oldest kept
 * cut), then the conversions of the served generation. A record holds everything a conversion looks back at only while
 * the conversion is in time; for an older one the archived events are read as well.
 */

import type { GenerationManifest } from '@tributary/archive/layout';
import type { ArchiveReader } from '@tributary/archive/readers/archive-reader';
import type { ConcurrencyLimit } from '@tributary/archive/readers/concurrency-limit';
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import { type Event, encodeEvent } from '@tributary/model/event';
import { isMessageType } from '@tributary/model/identity/message-line';
import { MAX_INSTANT_MS } from '@tributary/model/time';
import { partitionOf } from '@tributary/model/user-key';
import type { Asker } from '@tributary/runtime/http/turns-of-keys';
import type { RecordOwner, RecordSize, ServingStore } from '@tributary/store/serving-store';
import { countingLines, countingRecord } from '@tributary/views/identity/keyed-record';
import type { KeptRecords } from '@tributary/views/record';
import type { TimelineEvent } from '@tributary/views/timeline';
import { NEVER_CUT } from '@tributary/views/user-state';
import { retiredSince } from '../freshness/retired-days.ts';
import { fromStore } from '../from-store.ts';
import { type Gap, gapsAmong, gapsOf } from '../gaps.ts';
import type { ServedGeneration } from '../generations/served.ts';
import type { ServingDeps } from '../ports.ts';
import type { ServingContext } from '../snapshot.ts';
import { cutsOfKeys } from './lost-cut.ts';
import { recordReachMs } from './record-reach.ts';
import { cutOfRecord, eventsOfRecord, lostUpTo } from './user-timeline.ts';

/** Archived events read for one explanation, the newest. */
const MAX_EVENTS = 20_000;

export interface RecordReader {
  /**
   * `use` gets the records in the order of the users, and the keys that answer for them; they are held until it is done, and the list is empty then.
   * Where keys of one person are joined, a key that is linked is answered for by its owner as of now, with what counts for them. `asker`: the
   * key whose share it is, or who asks with it: a question that waits for its turn is given up once that one has left. `beside`: what else is asked for. `copies`: given in
   * place of records that are the same, where keys are not joined. Rejects with `too_much_asked`, `overloaded`, `store_unavailable`.
   */
  read<T>(
    asker: Asker | string,
    users: readonly RecordOwner[],
    use: UseOfRecords<T>,
    beside?: BesideRecords,
    copies?: CopiesOfRecords,
  ): Promise<T>;
}

/**
 * What is asked for with records. `kept`: what their partitions say that they lack, as of after the read; where keys are joined it is known in any case. `placed`:
 * up to which positions they hold events, too. `nothing`: the short read of one user, for which one command more is a tenth of all that is done.
 */
export type BesideRecords = 'nothing' | 'kept' | 'placed';

export type UseOfRecords<T> = (
  records: readonly (Buffer | null)[],
  keys: readonly AnsweringKey[],
  kept: KeptOfPartitions,
) => T | Promise<T>;

/** Records that were read before: what is the same need not be read again. */
export interface CopiesOfRecords {
  /** How long that of this record is, which may be of an earlier one; 0: there is none. */
  bytesOf(owner: RecordOwner): number;
  /** The copy of a record of this size. */
  find(owner: RecordOwner, size: RecordSize): Buffer | undefined;
}

/** What records are known to hold, after they were read; null: nothing was ever committed there. Where keys are joined it is known of all partitions. */
export type KeptOfPartitions = ReadonlyMap<number, KeptRecords | null>;

/** The key that was asked for, or its owner. */
export interface AnsweringKey extends RecordOwner {
  /** The record as it lies in the store, with messages between keys. */
  readonly stored: Buffer | null;
  /** The same of the key that was asked for. */
  readonly asked: Buffer | null;
  /** What the answer depends on: those of the keys that led here, and its own. */
  readonly partitions: readonly number[];
  /** Where keys of one person are joined: messages between them that the records may lack. Absent: none. */
  readonly inFlight?: readonly Gap[];
  /** The record holds the events of its key up to this position of its partition, and no others; null: that is not known; absent: it was not asked for. */
  readonly position?: string | null;
  /** With the length of the record, what says whether it is still the same; absent: nothing does. */
  readonly mark?: string | undefined;
}

/** What conversions are looked for in. */
export interface UserContext extends Pick<ServingContext, 'board'> {
  readonly deps: Pick<ServingDeps, 'partitions' | 'storedDefinitions'> & {
    readonly store: Pick<ServingStore, 'findConversions'>;
    readonly archive: ArchiveReader;
    readonly erasures: { digestOf(userKey: string): string };
  };
  readonly records: RecordReader;
  /** Before each question to DuckDB. */
  readonly archiveLimit: ConcurrencyLimit;
}

export interface FoundConversion {
  readonly userKey: string;
  readonly events: readonly Event[];
  readonly definitions: Definitions;
  readonly sources: readonly ('speed' | 'batch')[];
  readonly holes: readonly Gap[];
  readonly notes: readonly string[];
}

interface AskedConversion {
  /** Whose share it is. */
  readonly asker: string;
  /** Whose conversion, when the asker knows; ids are unique within a user only. */
  readonly userKey: string | undefined;
  /** Whose are not found, though the generation has them; null: everybody's are. */
  readonly isErased: ((userKey: string) => boolean) | null;
}

/** Throws `not_found`. */
export async function findConversion(
  context: UserContext,
  served: ServedGeneration,
  id: string,
  asked: AskedConversion,
): Promise<FoundConversion> {
  const { userKey, isErased } = asked;
  if (userKey !== undefined) {
    const found = await findAt(context, served, id, { ...asked, userKey });
    if (found === null) throw notFound(served, id, userKey);
    return found;
  }
  const tried = new Set<string>();
  for (const place of [inRealTime, inGeneration]) {
    const owners = (await place(context, served, id)).map((one) => one.userKey).filter((one) => !isErased?.(one));
    const isShared = place === inGeneration && owners.length > 1;
    for (const owner of owners.filter((one) => !tried.has(one)).slice(0, MOST_OWNERS)) {
      tried.add(owner);
      const found = await findAt(context, served, id, { ...asked, userKey: owner });
      if (found === null) continue;
      const notes = isShared ? [`${owners.length} users have a conversion of this id; name one with ?user=`] : [];
      return { ...found, notes: [...notes, ...found.notes] };
    }
  }
  throw notFound(served, id);
}

/** Users of one place that are looked at. Where keys are joined a conversion goes from one to another, and who had it before is still among them. */
const MOST_OWNERS = 16;

type Owners = readonly { readonly userKey: string }[];

const inRealTime = ({ deps }: UserContext, _: ServedGeneration, id: string): Promise<Owners> =>
  fromStore(deps.store.findConversions(id));

async function inGeneration(
  { deps, archiveLimit }: UserContext,
  { loaded: { manifest } }: ServedGeneration,
  id: string,
): Promise<Owners> {
  return manifest === null ? [] : archiveLimit.run((signal) => deps.archive.findConversions(manifest, id, signal));
}

type AskedAt = AskedConversion & { readonly userKey: string };

/** A key that may have it, as its record says. */
interface Candidate extends Pick<AnsweringKey, 'userKey' | 'partition' | 'partitions' | 'inFlight'> {
  readonly recorded: readonly Event[];
  /** With messages between keys and what was lent away; null: there is nothing more. */
  readonly stored: readonly Event[] | null;
  /** Up to where events are missing, epoch ms. */
  readonly lostTs: number;
}

/** That of the owner of the key by now, or what stayed with the key itself, as its links do not reach so far back; null: neither has it. */
async function findAt(
  context: UserContext,
  served: ServedGeneration,
  id: string,
  { asker, userKey, isErased }: AskedAt,
): Promise<FoundConversion | null> {
  const { deps, board, records } = context;
  const own = { partition: partitionOf(userKey, deps.partitions), userKey };
  // Whatever was lost: how far an order looks back decides whether it is lacking.
  const lostOfAll = (kept: KeptOfPartitions) => cutsOfKeys(board, () => Number.POSITIVE_INFINITY, kept);
  type LostOf = ReturnType<typeof lostOfAll>;
  const candidateOf = (key: AnsweringKey, record: Buffer | null, lostOf: LostOf): Candidate => ({
    ...key,
    recorded: eventsOfRecord(record),
    stored: record === key.stored ? null : eventsOfRecord(key.stored),
    lostTs: Math.max(cutOfRecord(record), lostOf(key)),
  });
  const candidates = await records.read(asker, [own], ([record = null], [answering], kept) => {
    const key = answering as AnsweringKey;
    const lostOf = lostOfAll(kept);
    const [{ asked }, windowMs] = [key, board.joinedMs()];
    if (key.userKey === userKey || asked === null || windowMs === null) return [candidateOf(key, record, lostOf)];
    const ofAsked = candidateOf({ ...key, ...own, stored: asked }, countingRecord(userKey, asked, windowMs), lostOf);
    return [candidateOf(key, record, lostOf), ofAsked];
  });
  const hasSeen = ({ recorded }: Candidate) => Number(recorded.some((event) => event.id === id));
  for (const candidate of candidates.sort((a, b) => hasSeen(b) - hasSeen(a))) {
    if (isErased?.(candidate.userKey)) continue;
    const found = await findOf(context, served, id, candidate);
    if (found !== null) return found;
  }
  return null;
}

/** null: the conversion is not theirs. */
async function findOf(
  context: UserContext,
  served: ServedGeneration,
  id: string,
  { userKey: user, partition, partitions, inFlight = [], recorded, stored, lostTs }: Candidate,
): Promise<FoundConversion | null> {
  const { deps, board } = context;
  const { manifest } = served.loaded;
  const notes: string[] = [];
  const seen = recorded.find((event) => event.id === id);
  const lags = [...gapsAmong(board.health().missing, new Set(partitions)), ...inFlight];
  // While the log time is unknown (nothing was looked at yet), whatever may have left the record is asked of the archive.
  const logTimeMs = board.states()[partition]?.logTimeMs ?? Number.POSITIVE_INFINITY;

  const inForce = board.definitions(partition);
  const reachMs = recordReachMs(inForce);
  // Records never had those events of imported history that are older than they reach; without a generation nothing else has them.
  const neverKept = manifest === null && seen !== undefined ? Math.min(seen.ts, logTimeMs - reachMs) : NEVER_CUT;
  const cutTs = Math.max(lostTs, neverKept);
  // The report's rows of the conversion are the generation's, made by its definitions, plus what the speed layer added.
  const ofGeneration = manifest === null ? inForce : deps.storedDefinitions(manifest.definitions);
  const differs = Boolean(board.states()[partition]) && inForce.version !== ofGeneration.version;
  const definitions = seen === undefined || ofGeneration.conversionTypes.has(seen.type) ? ofGeneration : inForce;
  const looksBehindCut = seen !== undefined && seen.ts - looksBackMs(inForce) <= cutTs;
  const inTime = seen !== undefined && seen.ts > logTimeMs - inForce.latenessMs;
  const lost = gapsOf('record_cut', looksBehindCut ? [lostUpTo(cutTs, 'touches')] : []);
  // A record holds what the definitions in force look at; other definitions may look further.
  if (seen !== undefined && (manifest === null || (inTime && !looksBehindCut && !differs))) {
    return { userKey: user, events: recorded, definitions, sources: ['speed'], holes: [...lags, ...lost], notes };
  }
  if (manifest === null) return null;

  const { archived, bounded } = await archivedOf(context, manifest, {
    id,
    user,
    seen,
    reachMs: looksBackMs(definitions),
  });
  const lines = stored ?? recorded;
  const events = countingOf(user, [...withSentOf(archived, lines), ...lines], inForce, deps.erasures.digestOf);
  const conversion = seen ?? events.find((event) => event.id === id);
  if (conversion === undefined) return null;
  // What was lent counts by its own id, and stands there in a message.
  const known = new Set(countingOf(user, archived, inForce, deps.erasures.digestOf).map((event) => event.id));
  // Imported history behind the cut: the generation has none of it, and the record never had what is older than it reaches.
  const importedCutTs = known.has(id) ? NEVER_CUT : Math.min(conversion.ts, logTimeMs - reachMs);
  const lacksImported = !looksBehindCut && conversion.ts - looksBackMs(inForce) <= importedCutTs;
  const late = recorded.filter((event) => !known.has(event.id) && isLateFor(conversion, event, definitions)).length;
  if (late > 0)
    notes.push(`${late} late events count in reports from the next generation on: this explanation looks at them already`);
  return {
    userKey: user,
    events,
    definitions,
    sources: ['batch', 'speed'],
    holes: [
      ...lags,
      ...gapsOf('definitions_changed', differs ? [explainedBy(definitions, ofGeneration, inForce)] : []),
      // What came after the generation's cut and was lost stands in neither.
      ...lost,
      ...gapsOf('record_cut', lacksImported ? [lostUpTo(importedCutTs, 'touches')] : []),
      ...gapsOf('events_retired', retiredSince(manifest, conversion.ts)),
      ...gapsOf('bound_reached', bounded),
    ],
    notes,
  };
}

interface AskedArchive {
  readonly id: string;
  readonly user: string;
  /** The conversion, where the record has it. */
  readonly seen: Event | undefined;
  /** How far it looks back, ms. */
  readonly reachMs: number;
}

/** The archived events that the conversion looks at, and what of them was not read. Where the record lacks it, and it is not among the newest, the generation says when it was. */
async function archivedOf(
  context: UserContext,
  manifest: GenerationManifest,
  { id, user, seen, reachMs }: AskedArchive,
): Promise<{ readonly archived: readonly Event[]; readonly bounded: readonly string[] }> {
  const { deps, archiveLimit } = context;
  const upTo = (ts: number) => ({ fromMs: Math.max(0, ts - reachMs), toMs: ts + 1 });
  const read = (range: ReturnType<typeof upTo>) =>
    archiveLimit.run((signal) => deps.archive.userEvents(manifest, user, { ...range, limit: MAX_EVENTS }, signal));
  const archived = await read(seen === undefined ? { fromMs: 0, toMs: MAX_INSTANT_MS + 1 } : upTo(seen.ts));
  if (archived.length < MAX_EVENTS) return { archived, bounded: [] };
  const cut = `only the newest ${MAX_EVENTS} archived events of the user were read`;
  if (seen !== undefined || archived.some((event) => event.id === id)) return { archived, bounded: [cut] };
  const rows = await archiveLimit.run((signal) => deps.archive.findConversions(manifest, id, signal));
  const row = rows.find(({ userKey }) => userKey === user);
  if (row === undefined) return { archived, bounded: [cut] };
  const behind = `the user has more than ${MAX_EVENTS} archived events behind it: refunds among them were not looked for`;
  return { archived: await read(upTo(row.ts)), bounded: [behind] };
}

/** Rows of the conversion were frozen as the event came, which may stand in its path: it counts there with the next generation. */
function isLateFor(
  { ts }: Event,
  event: Event,
  { touches, conversionTypes, lookbackMs, longestOnceMs, latenessMs }: Definitions,
): boolean {
  const counts = Object.hasOwn(touches, event.type) || conversionTypes.has(event.type);
  return counts && event.ts <= ts && event.ts > ts - lookbackMs - longestOnceMs && event.receivedAt - latenessMs >= ts;
}

/** A generation keeps no properties of events, by which orders and their refunds are named: those of who is in the record as well. */
function withSentOf(archived: readonly Event[], recorded: readonly Event[]): readonly Event[] {
  const sent = new Map(recorded.map((event) => [event.id, event]));
  return archived.map((event) => {
    const line = isMessageType(event.type) ? undefined : sent.get(event.id);
    if (line === undefined) return event;
    return { ...event, source: line.source, properties: { ...line.properties, ...event.properties } };
  });
}

/** What was lent away since the generation counts for its new owner alone, so both are looked at together. */
function countingOf(
  user: string,
  events: readonly Event[],
  { joinedMs }: Definitions,
  digestOf: (userKey: string) => string,
): readonly Event[] {
  if (joinedMs === null) return events;
  return countingLines(user, events.map(encodeEvent), { windowMs: joinedMs, digestOf }).map((line) => JSON.parse(line) as Event);
}

/** What a conversion may depend on: its touches, and what the conversions between them repeat. */
function looksBackMs({ lookbackMs, longestOnceMs }: Definitions): number {
  return lookbackMs + longestOnceMs;
}

function explainedBy(by: Definitions, ofGeneration: Definitions, inForce: Definitions): string {
  return `the definitions changed: the generation that is served follows ${ofGeneration.version}, the speed layer since a barrier ${inForce.version}; explained by ${by.version}, while reports add up rows of both`;
}

function notFound({ loaded: { manifest } }: ServedGeneration, id: string, user?: string): TributaryError {
  const whose = user === undefined ? '' : ` of the user ${JSON.stringify(user)}`;
  return new TributaryError(
    'not_found',
    `no conversion ${JSON.stringify(id)}${whose} is stored${manifest === null ? BEFORE_THE_FIRST : ''}`,
  );
}

/** What is archived is found by generations alone. */
const BEFORE_THE_FIRST =
  ' in real time, and the first generation, which has those that records lost by their age or length, was not computed yet. Ask again after a run';

/** Why an event that was found is not explained. */
export function noConversion(timeline: readonly TimelineEvent[], id: string, { version, once }: Definitions): TributaryError {
  const at = timeline.findIndex((one) => one.id === id);
  const event = timeline[at];
  if (event === undefined || event.once === '')
    return new TributaryError(
      'not_found',
      `the event ${JSON.stringify(id)} is not a conversion under the definitions ${version}`,
    );
  const counted = timeline.slice(0, at).findLast((earlier) => earlier.kind === 'conversion' && earlier.once === event.once);
  return new TributaryError(
    'not_found',
    `the event ${JSON.stringify(id)} repeats an earlier ${JSON.stringify(event.type)} of the same ${once[event.type]?.by} and counts with it: ask for ${JSON.stringify(counted?.id)}`,
  );
}
