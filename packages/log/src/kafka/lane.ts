/**
 * A lane: the connections of one read at a time. It keeps what it fetched and has not yet given away, for a next read that
 * goes on from there. Even then each read asks the brokers first: only a fresh reply tells that the topic is still the
 * same and that the position has not expired.
 */
import { TributaryError } from '@tributary/model/errors';
import { pause, settled } from '@tributary/runtime/wait';
import type { LogEntry } from '../port.ts';
import { type Visited, visitCommitted } from './committed.ts';
import type { Address } from './connection.ts';
import type { Connections } from './connections.ts';
import { createEntryBuilder, type EntryLimits, weightOf } from './entries.ts';
import { asLogError, CODE, isMoved, isUnknownTopic, recreated, unavailable } from './errors.ts';
import { offsetOf } from './layout.ts';
import { type Fetched, type FetchedPartition, fetchRequest } from './requests.ts';
import type { Topic } from './topic.ts';
import { EARLIEST, LATEST, listOffsetsRequest } from './topic-requests.ts';

/** The offset to read next; null: the oldest retained. */
export interface From {
  readonly partition: number;
  readonly offset: number | null;
}

/** As `ReadLimits` of the port: entries of each partition, bytes of all together. */
export interface LaneLimits {
  readonly maxEntries: number;
  readonly maxBytes: number;
}

export interface Lane {
  /** Entries in the order of `from`; empty when aborted or closed. */
  read(from: readonly From[], limits: LaneLimits, waitMs: number, signal?: AbortSignal): Promise<LogEntry[]>;
  close(): void;
}

export interface LaneOptions {
  readonly topic: Topic;
  readonly connections: Connections;
  readonly entryLimits: EntryLimits;
}

/** Fetched and not yet given away: the entries of [from, next). */
interface Held {
  readonly from: number;
  readonly next: number;
  readonly entries: readonly LogEntry[];
  /** Unpacked. */
  readonly bytes: number;
}

/** One fetch under way to one broker. */
interface Flight {
  readonly key: string;
  readonly address: Address;
  readonly offsets: ReadonlyMap<number, number>;
  /** Whether the broker answers at once, or waits for messages. */
  readonly waits: boolean;
  readonly landed: Promise<void>;
  outcome: Fetched | Error | null;
}

interface Arrived {
  /** Messages, or offsets that hold none. */
  readonly learned: boolean;
  /** Less came than one whole batch, although it was asked for as the first one. */
  readonly isCut: boolean;
  readonly trouble: FetchedPartition[];
  /** Partitions whose bytes cannot be read: told once there is nothing to give of the others. */
  readonly failures: Error[];
}

/** What a look at the brokers gave, and whether to look again. */
interface Round {
  readonly entries: LogEntry[];
  readonly again: 'when time is left' | 'after a pause' | 'at once' | 'trouble';
}

const PARTITION_BYTES = 1024 * 1024;
const REPLY_BYTES = 8 * 1024 * 1024;
/** Unpacked. What lies beyond stays packed, is dropped, and fetched again when its turn comes: few bytes may become many. */
const HELD_BYTES = 32 * 1024 * 1024;
/** Unpacked in one go: a batch that is refused costs as much as a large one, and many of them are few bytes. */
const WORK_BYTES = 64 * 1024 * 1024;
/** One fetch waits no longer, so that the lane soon notices what else changes, ms. */
const LONG_POLL_MS = 1_000;
/** The connection gives a silent broker up much earlier. */
const LANDING_MS = 60_000;
/** Rounds that may find the partition's leader elsewhere, or its start moved, within one read. */
const MAX_RETRIES = 20;
const RETRY_MS = 50;

export function createLane({ topic, connections, entryLimits }: LaneOptions): Lane {
  const held = new Map<number, Held>();
  /** Where partitions read from their start began. */
  const starts = new Map<number, number>();
  const flights = new Map<string, Flight>();
  /** Partitions whose next batch did not fit: the first one of a request gets a batch of any size. */
  const starved = new Set<number>();
  /** When each partition was visited last, counted in visits. */
  const turns = new Map<number, number>();
  let visits = 0;
  const closing = new AbortController();

  /** A reader brings the same signal to every read. */
  let combined: { readonly signal: AbortSignal; readonly stop: AbortSignal } | null = null;

  function stopFor(signal: AbortSignal | undefined): AbortSignal {
    if (signal === undefined) return closing.signal;
    if (combined?.signal !== signal) combined = { signal, stop: AbortSignal.any([signal, closing.signal]) };
    return combined.stop;
  }

  async function leaderOf(partition: number): Promise<Address> {
    for (const led of (await topic.byLeader([partition])).values()) return led.address;
    throw unavailable(`partition ${partition} has no leader`);
  }

  async function offsetAt(partition: number, which: typeof EARLIEST | typeof LATEST): Promise<number> {
    const connection = await connections.to(await leaderOf(partition));
    const [listed] = await connection.send(listOffsetsRequest(topic.name, [partition], which));
    if (listed === undefined) throw unavailable(`partition ${partition} was left out of a reply`);
    if (listed.errorCode === 0) return listed.offset;
    await topic.refresh();
    throw unavailable(`the offsets of partition ${partition} are not told (error ${listed.errorCode})`);
  }

  /** Sets where each partition is read from, and forgets what was held for another place. */
  async function seek(from: readonly From[]): Promise<Map<number, number>> {
    const wanted = new Map<number, number>();
    for (const { partition, offset } of from) {
      const start = offset ?? starts.get(partition) ?? (await offsetAt(partition, EARLIEST));
      if (offset === null) starts.set(partition, start);
      wanted.set(partition, start);
    }
    for (const [partition, { from: start }] of held) if (wanted.get(partition) !== start) held.delete(partition);
    return wanted;
  }

  function launch(
    address: Address,
    offsets: ReadonlyMap<number, number>,
    key: string,
    { maxBytes }: LaneLimits,
    waitMs: number,
  ): Flight {
    // Not more than a reader takes at once; the first partition gets a whole batch all the same.
    const replyBytes = Math.max(1, Math.min(REPLY_BYTES, maxBytes - heldBytes()));
    const share = shareOf(offsets.size);
    // A reply is filled in the order of the request: those that have least come first, of these who waits longest.
    const from = [...offsets]
      .sort(([a], [b]) => hunger(b) - hunger(a) || turnOf(a) - turnOf(b))
      .map(([partition, offset]) => ({ partition, offset, maxBytes: -hunger(partition) < share ? share : 1 }));
    const flight: Flight = {
      key,
      address,
      offsets,
      waits: waitMs > 0,
      outcome: null,
      landed: connections
        .to(address)
        .then((connection) => connection.send(fetchRequest(topic.id, from, { waitMs, replyBytes })))
        .then(
          (fetched) => void (flight.outcome = fetched),
          (error: Error) => void (flight.outcome = error),
        ),
    };
    return flight;
  }

  /** A fetch to every leader; one that is under way for the very same offsets goes on. `fresh`: none that waits. */
  async function depart(wanted: ReadonlyMap<number, number>, limits: LaneLimits, waitMs: number, fresh: boolean): Promise<void> {
    const current = new Set<string>();
    for (const { address, partitions } of (await topic.byLeader([...wanted.keys()])).values()) {
      const at = `${address.host}:${address.port}`;
      current.add(at);
      const offsets = new Map(partitions.map((p) => [p, held.get(p)?.next ?? (wanted.get(p) as number)]));
      const key = [...offsets].sort(([a], [b]) => a - b).join(' ');
      const flight = flights.get(at);
      if (flight !== undefined && flight.key === key && !fresh) continue;
      // A broker answers one request after the other: behind one that waits, this one would wait as well.
      if (flight !== undefined && flight.outcome === null) connections.drop(address);
      flights.set(at, launch(address, offsets, key, limits, waitMs));
    }
    for (const [at, flight] of flights) {
      if (current.has(at)) continue;
      if (flight.outcome === null) connections.drop(flight.address);
      flights.delete(at);
    }
  }

  /** Takes in what has landed. */
  function arrive(wanted: ReadonlyMap<number, number>, { maxBytes }: LaneLimits): Arrived {
    let learned = false;
    let isCut = false;
    const trouble: FetchedPartition[] = [];
    const failures: Error[] = [];
    let work = WORK_BYTES;
    for (const [at, { outcome, offsets }] of flights) {
      if (outcome === null) continue;
      flights.delete(at);
      if (outcome instanceof Error) throw outcome;
      if (outcome.errorCode !== 0) throw unavailable(`a fetch was refused (error ${outcome.errorCode})`);
      for (const partition of offsets.keys())
        if (!outcome.partitions.some((one) => one.partition === partition))
          throw unavailable(`partition ${partition} was left out of a reply`);
      for (const fetched of outcome.partitions) {
        const { partition, errorCode } = fetched;
        const start = wanted.get(partition);
        if (start === undefined) continue;
        const before = held.get(partition) ?? { from: start, next: start, entries: [], bytes: 0 };
        if (errorCode !== 0) trouble.push(fetched);
        else if (start < fetched.logStart) trouble.push({ ...fetched, errorCode: CODE.offsetOutOfRange });
        else if (before.next === offsets.get(partition)) {
          const room = Math.min(roomOf(maxBytes), shareOf(offsets.size) - before.bytes);
          const isStarved = starved.has(partition);
          const visited = hold(fetched, before, room, work);
          if (visited === null) continue;
          work -= visited.work;
          if (visited.next > before.next) learned = true;
          else if (visited.failure !== null) failures.push(visited.failure);
          // Less than one whole batch: asked for as the first one it comes whole, or never.
          else if (isStarved) isCut = true;
          else learned = true;
        }
      }
    }
    return { learned, isCut, trouble, failures };
  }

  /** Unpacks what there is room for, but one entry at least; null: there is nothing, or no room. */
  function hold(fetched: FetchedPartition, before: Held, room: number, work: number): Visited | null {
    const { partition, records } = fetched;
    if (records === null || records.length === 0) return null;
    if (room <= 0 || work <= 0) {
      if (before.entries.length === 0) starved.add(partition);
      return null;
    }
    const builder = createEntryBuilder(topic.name, partition, entryLimits, room);
    const visited = visitCommitted(fetched, before.next, builder, work);
    turns.set(partition, ++visits);
    const { next, failure } = visited;
    if (next > before.next) {
      starved.delete(partition);
      const added = builder.take();
      held.set(partition, { ...before, next, entries: before.entries.concat(added), bytes: before.bytes + weightOf(added) });
    } else if (failure === null) starved.add(partition);
    return visited;
  }

  /** What the lane may still unpack. Not less than a fetch of one partition: else each message of a batch would unpack it again. */
  function roomOf(maxBytes: number): number {
    return Math.min(HELD_BYTES, Math.max(maxBytes, PARTITION_BYTES)) - heldBytes();
  }

  function hunger(partition: number): number {
    return starved.has(partition) ? Number.POSITIVE_INFINITY : -(held.get(partition)?.bytes ?? 0);
  }

  function turnOf(partition: number): number {
    return turns.get(partition) ?? 0;
  }

  function heldBytes(): number {
    let sum = 0;
    for (const { bytes } of held.values()) sum += bytes;
    return sum;
  }

  function give(wanted: ReadonlyMap<number, number>, { maxEntries, maxBytes }: LaneLimits): LogEntry[] {
    const given: LogEntry[] = [];
    for (const partition of wanted.keys()) {
      const { entries = [], next = 0, bytes = 0 } = held.get(partition) ?? {};
      if (entries.length === 0) continue;
      const part = headOf(entries, maxEntries, maxBytes / wanted.size);
      given.push(...part);
      const last = part.at(-1) as LogEntry;
      const left = entries.slice(part.length);
      held.set(partition, { from: offsetOf(last.position) + 1, next, entries: left, bytes: bytes - weightOf(part) });
      if (starts.has(partition)) starts.delete(partition);
    }
    return given;
  }

  const holdsAny = (wanted: ReadonlyMap<number, number>): boolean =>
    [...wanted.keys()].some((partition) => (held.get(partition)?.entries.length ?? 0) > 0);

  /** Throws what is final; what is not is asked again in the next round. */
  async function judge(trouble: readonly FetchedPartition[], from: readonly From[]): Promise<void> {
    for (const { partition, errorCode } of trouble) {
      if (errorCode === CODE.offsetOutOfRange) await judgeRange(partition, from);
      else if (isMoved(errorCode) || isUnknownTopic(errorCode)) await topic.refresh();
      else throw unavailable(`partition ${partition} was not read (error ${errorCode})`);
    }
  }

  async function judgeRange(partition: number, from: readonly From[]): Promise<void> {
    held.delete(partition);
    starts.delete(partition);
    const offset = from.find((one) => one.partition === partition)?.offset ?? null;
    // Names a topic made anew as what it is, before its offsets are compared with those of the old one.
    await topic.refresh();
    if (offset === null) return;
    const earliest = await offsetAt(partition, EARLIEST);
    if (offset < earliest) {
      const message = `partition ${partition} begins at offset ${earliest}, past the position ${offset - 1}`;
      throw new TributaryError('position_expired', message);
    }
    const latest = await offsetAt(partition, LATEST);
    if (offset > latest)
      throw recreated(topic.name, topic.id, `partition ${partition} ends at offset ${latest}, before the position ${offset - 1}`);
  }

  /** null: nothing yet, ask again. */
  async function round(
    from: readonly From[],
    limits: LaneLimits,
    waitMs: number,
    fresh: boolean,
    signal: AbortSignal,
  ): Promise<Round | null> {
    const wanted = await seek(from);
    const pollMs = holdsAny(wanted) ? 0 : Math.min(waitMs, LONG_POLL_MS);
    await depart(wanted, limits, pollMs, fresh);
    const deadlineMs = performance.now() + pollMs;
    let isCut = false;
    for (let failure: Error | undefined; ; ) {
      const flying = [...flights.values()].filter(({ outcome }) => outcome === null);
      // What is held already waits for its own brokers' answers only, not for those that have nothing.
      const landings = flying.filter(({ waits }) => pollMs > 0 || !waits).map(({ landed }) => landed);
      const landing: Promise<unknown> = pollMs > 0 ? Promise.race(landings) : Promise.all(landings);
      if (landings.length > 0 && (await settled(landing, LANDING_MS, signal)) === 'aborted') return null;
      const { learned, trouble, failures, ...arrived } = arrive(wanted, limits);
      failure ??= failures[0];
      isCut ||= arrived.isCut;
      if (trouble.length > 0) {
        await judge(trouble, from);
        return { entries: [], again: 'trouble' };
      }
      if (holdsAny(wanted)) return { entries: give(wanted, limits), again: 'when time is left' };
      if (learned) return { entries: [], again: 'at once' };
      if (landings.length > 0 && flights.size > 0 && performance.now() < deadlineMs) continue;
      if (failure !== undefined) throw failure;
      return { entries: [], again: isCut ? 'after a pause' : 'when time is left' };
    }
  }

  return {
    async read(from, limits, waitMs, signal) {
      const stop = stopFor(signal);
      const deadlineMs = performance.now() + waitMs;
      try {
        await topic.check();
        for (let retries = 0; ; ) {
          const leftMs = Math.max(0, Math.ceil(deadlineMs - performance.now()));
          const outcome = await round(from, limits, leftMs, waitMs === 0, stop);
          if (outcome === null || stop.aborted) return [];
          const { entries, again } = outcome;
          if (entries.length > 0) return entries;
          if ((again === 'when time is left' || again === 'after a pause') && performance.now() >= deadlineMs) return [];
          if (again === 'trouble' && ++retries > MAX_RETRIES) throw unavailable('partitions keep moving');
          if (again === 'after a pause' || (again === 'trouble' && retries > 1)) await pause(RETRY_MS, stop);
        }
      } catch (error) {
        if (stop.aborted) return [];
        for (const { address, outcome } of flights.values()) if (outcome === null) connections.drop(address);
        flights.clear();
        if (!(error instanceof TributaryError)) topic.refresh().catch(() => {});
        throw asLogError(error, 'a read failed');
      }
    },
    close() {
      closing.abort();
      connections.closeAll();
    },
  };
}

/** Bytes that a fetch asks of each partition, by the number of partitions, and that are unpacked of it. */
function shareOf(partitions: number): number {
  return Math.max(PARTITION_BYTES, Math.floor(REPLY_BYTES / partitions));
}

/** One entry at least. */
function headOf(entries: readonly LogEntry[], maxEntries: number, maxBytes: number): LogEntry[] {
  let bytes = 0;
  const end = entries.findIndex(({ body }, i) => {
    bytes += body.length;
    return i > 0 && (i === maxEntries || bytes > maxBytes);
  });
  return end < 0 ? [...entries] : entries.slice(0, end);
}
