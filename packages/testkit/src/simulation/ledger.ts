/**
 * What the merged answer must be at any position of any partition, by the oracle alone.
 *
 * Without late events since the cut it is `naive(everything up to there)`: law 1 word for word. With late ones (law 8),
 * or when the definitions changed in between, each arrival since the cut adds
 *
 *     naive(arrivals up to it) − naive(arrivals before it), by the definitions in force, over the anchors not yet frozen
 */
import type { LogEntry } from '@tributary/log/port';
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import type { Barrier, Heartbeat } from '@tributary/model/partition-record';
import { DAY_MS } from '@tributary/model/time';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { addRowsByView, type RowsByView } from '@tributary/views/deltas';
import { naive } from '../oracle/naive.ts';
import { naiveUnforgotten } from '../oracle/naive-erasure.ts';
import { naiveSegmentDaysMs } from '../oracle/naive-segment-days.ts';

export interface Arrival {
  readonly event: Event;
  readonly position: string;
  /** Log time with this event. */
  readonly logTimeMs: number;
  readonly definitions: Definitions;
  /** Not the first of its user with this id. */
  readonly duplicate: boolean;
  readonly late: boolean;
  /** What it may look at was let go: under definitions that looked back less far, or while log time was ahead. */
  readonly looksBehind: boolean;
  /** The user's timeline may have outgrown its bound before. */
  readonly overflows: boolean;
}

export interface Expected {
  readonly rows: RowsByView;
  /** How many late events may be reported: each distinct one at least, each late arrival at most. */
  readonly pendingFrom: number;
  readonly pendingTo: number;
  /** What happened since the cut that an answer may be incomplete for. */
  readonly faults: ReadonlySet<string>;
  /** Some of what arrived since the cut was counted by other definitions than the generation's: no sum of both is exact. */
  readonly mixed: boolean;
}

export interface Ledger {
  readonly arrivals: readonly Arrival[];
  /** Takes note of entries that were appended since. */
  note(entries: readonly LogEntry[]): void;
  /** What `view(generation) + deltas` must be once the speed layer stands at `position`. `cutAt`: where the archive was cut for it. */
  expected(generation: number, position: string | null, cutAt?: string): Expected;
}

export const CUT_ALONE = 'a cut of the archive alone';

/** The events of an entry, without what must be passed over: garbage, receipts more than a day ahead of the log's own clock, other partitions' users. */
export function eventsIn({ body, partition, appendedMs }: LogEntry, partitions: number): Event[] {
  return body.split('\n').flatMap((line) => {
    try {
      const value = JSON.parse(line) as Event;
      const isEvent = typeof value.ts === 'number' && typeof value.id === 'string';
      if (!isEvent || value.receivedAt > appendedMs + DAY_MS) return [];
      return partitionOf(userKeyOf(value), partitions) === partition ? [value] : [];
    } catch {
      return [];
    }
  });
}

/** A barrier after that of generation `newest`, or null: a repetition, or what no coordinator writes. */
export function readBarrier(body: string, newest: number, parse: (json: string) => Definitions): Barrier | null {
  try {
    const { generation, definitions } = JSON.parse(body) as Barrier;
    if (typeof definitions !== 'string' || parse(definitions) === undefined) return null;
    return Number.isInteger(generation) && generation > newest && generation - newest < 1e6 ? { generation, definitions } : null;
  } catch {
    return null;
  }
}

function readHeartbeat(body: string): number {
  try {
    const { receivedAt } = JSON.parse(body) as Heartbeat;
    return Number.isInteger(receivedAt) ? receivedAt : 0;
  } catch {
    return 0;
  }
}

/**
 * Retention of a timeline: a null path begins a lookback before its end, which a lookback later may still move; what its first conversion repeats lies
 * before that. Sessions look four days back, and two later they may still move. What enters a segment looks at what entered it one length before, and may
 * still move one later.
 */
function looksBackMs(definitions: Definitions): number {
  const { latenessMs, lookbackMs, once, web } = definitions;
  const longestDays = Math.max(0, ...Object.values(once).map(({ withinDays }) => withinDays));
  const ofPathsMs = 2 * lookbackMs + Math.round(longestDays * DAY_MS);
  return latenessMs + Math.max(ofPathsMs, web === undefined ? 0 : 6 * DAY_MS, 2 * naiveSegmentDaysMs(definitions));
}

/** `maxTimelineEvents`: a timeline that outgrows it loses a tenth more. */
export function createLedger(
  initial: Definitions,
  parse: (json: string) => Definitions,
  partitions = 1,
  maxTimelineEvents = Number.POSITIVE_INFINITY,
): Ledger {
  const arrivals: Arrival[] = [];
  const effects: RowsByView[] = [];
  /** Barriers in order, with the definitions from there on. */
  const crossings: { readonly position: string; readonly generation: number; readonly json: string }[] = [];
  const cuts = new Map<number, { readonly count: number; readonly definitions: Definitions }>([
    [0, { count: 0, definitions: initial }],
  ]);
  const seen = new Set<string>();
  const erased = new Set<string>();
  const distinct = new Map<string, number>();
  const remembered = new Map<string, Expected>();
  const rowsOfUsers = new Map<string, RowsByView>();
  let logTimeMs = 0;
  /** Events up to here may have been let go: by definitions that looked back less far, or while log time was ahead. */
  let keptAfterMs = Number.NEGATIVE_INFINITY;
  let current = 0;
  let definitions = initial;

  function arrive(event: Event, position: string, appendedMs: number): void {
    logTimeMs = Math.max(logTimeMs, Math.min(event.receivedAt, appendedMs));
    const user = userKeyOf(event);
    if (event.type === 'tributary.erase' || event.type === 'tributary.lift') {
      erase(event, position);
      return;
    }
    if (erased.has(user)) {
      arrivals.push({
        event,
        position,
        logTimeMs,
        definitions,
        duplicate: true,
        late: false,
        looksBehind: false,
        overflows: false,
      });
      return;
    }
    const key = `${user}\n${event.id}`;
    const duplicate = seen.has(key);
    seen.add(key);
    const held = distinct.get(user) ?? 0;
    if (!duplicate) distinct.set(user, held + 1);
    const overflows = held + 1 > maxTimelineEvents;
    const late = event.ts <= logTimeMs - definitions.latenessMs;
    const looksBehind = logTimeMs - looksBackMs(definitions) < keptAfterMs;
    arrivals.push({ event, position, logTimeMs, definitions, duplicate, late, looksBehind, overflows });
  }

  /** Once erased, a user is as if nothing had ever come of them; rows that are frozen wait for the next generation. */
  function erase(event: Event, position: string): void {
    const user = userKeyOf(event);
    const isFirst = event.type === 'tributary.erase' && !erased.has(user);
    // What was said of pages, and what counts by definition, is not kept where it could be taken back at once.
    const { web, counts } = definitions;
    const overflows = isFirst && ((distinct.get(user) ?? 0) > maxTimelineEvents || web !== undefined || counts !== undefined);
    const looksBehind = isFirst && logTimeMs - looksBackMs(definitions) < keptAfterMs;
    arrivals.push({ event, position, logTimeMs, definitions, duplicate: false, late: isFirst, looksBehind, overflows });
    if (event.type === 'tributary.lift') erased.delete(user);
    if (!isFirst) return;
    erased.add(user);
    distinct.delete(user);
    for (const key of seen) if (key.startsWith(`${user}\n`)) seen.delete(key);
  }

  function cross(barrier: Barrier): void {
    current = barrier.generation;
    const before = definitions;
    definitions = parse(barrier.definitions);
    if (looksBackMs(definitions) > looksBackMs(before)) keptAfterMs = Math.max(keptAfterMs, logTimeMs - looksBackMs(before));
    cuts.set(current, { count: arrivals.length, definitions });
  }

  /** `naive` of all, as the sum over users: what arrives changes the rows of one user alone. */
  function rowsOf(all: readonly Arrival[], rules: Definitions): RowsByView {
    const rows: RowsByView = new Map();
    for (const [user, own] of Map.groupBy(all, ({ event }) => userKeyOf(event)))
      addRowsByView(rows, rowsOfUser(user, own, rules));
    return rows;
  }

  /** `own`: the first arrivals of the user, any number of them. */
  function rowsOfUser(user: string, own: readonly Arrival[], rules: Definitions): RowsByView {
    const key = `${user}\n${own.length}\n${rules.version}`;
    const known = rowsOfUsers.get(key) ?? naive(naiveUnforgotten(own.map(({ event }) => event)), rules);
    rowsOfUsers.set(key, known);
    return known;
  }

  function effectOf(index: number): RowsByView {
    const { event, logTimeMs: now, definitions: rules, duplicate } = arrivals[index] as Arrival;
    const effect: RowsByView = new Map();
    // The first arrival of an id alone counts, and none of a user who is erased.
    if (duplicate) return effect;
    const user = userKeyOf(event);
    const own = arrivals.slice(0, index + 1).filter((arrival) => userKeyOf(arrival.event) === user);
    const frozenMs = now - rules.latenessMs;
    const isAllOpen = own.every((arrival) => arrival.event.ts > frozenMs);
    const rowsAfter = (some: readonly Arrival[]) =>
      isAllOpen ? rowsOfUser(user, some, rules) : naive(naiveUnforgotten(some.map((arrival) => arrival.event)), rules, frozenMs);
    addRowsByView(effect, rowsAfter(own));
    addRowsByView(effect, rowsAfter(own.slice(0, -1)), -1);
    return effect;
  }

  return {
    arrivals,
    note(entries) {
      for (const entry of entries) {
        const { kind, body, position, appendedMs } = entry;
        const fallsBack = logTimeMs > appendedMs + DAY_MS;
        if (kind === 'heartbeat') logTimeMs = Math.max(logTimeMs, Math.min(readHeartbeat(body), appendedMs));
        else if (kind === 'events') {
          for (const event of eventsIn(entry, partitions)) arrive(event, position, appendedMs);
        } else {
          const barrier = readBarrier(body, current, parse);
          if (barrier !== null) {
            cross(barrier);
            crossings.push({ position, generation: barrier.generation, json: definitions.json });
          }
        }
        if (!fallsBack) continue;
        keptAfterMs = Math.max(keptAfterMs, logTimeMs - looksBackMs(definitions));
        logTimeMs = appendedMs;
      }
    },
    expected(generation, position, cutAt) {
      const own = cuts.get(generation);
      if (own === undefined && cutAt === undefined) throw new Error(`generation ${generation} was never cut in this partition`);
      // Only the archive was cut: it parked a newer barrier, before this one. Barriers are parked under the initial definitions only.
      const first = own ?? { count: 0, definitions: initial };
      // A copy of the barrier, where the archive parked the first one.
      let { count } = first;
      while (count < arrivals.length && cutAt !== undefined && (arrivals[count] as Arrival).position < cutAt) count++;
      const cut = { ...first, count };
      let upTo = cut.count;
      while (upTo < arrivals.length && position !== null && (arrivals[upTo] as Arrival).position <= position) upTo++;
      const crossed = crossings.filter(
        (crossing) => crossing.generation > generation && position !== null && crossing.position <= position,
      );
      const key = `${generation} ${count} ${upTo} ${crossed.length}`;
      const known = remembered.get(key);
      if (known !== undefined) return known;
      const since = arrivals.slice(cut.count, upTo);
      const late = since.filter((arrival) => arrival.late);
      const plain = late.length === 0 && since.every((arrival) => arrival.definitions.json === cut.definitions.json);
      const rows = rowsOf(arrivals.slice(0, plain ? upTo : cut.count), cut.definitions);
      if (!plain) for (let i = cut.count; i < upTo; i++) addRowsByView(rows, (effects[i] ??= effectOf(i)));
      const distinctLate = late.filter((arrival) => !arrival.duplicate).length;
      const faults = new Set<string>(own === undefined ? [CUT_ALONE] : []);
      for (const { looksBehind, overflows } of since) {
        if (looksBehind) faults.add('a longer look back');
        if (overflows) faults.add('an overflow');
      }
      if (crossed.some(({ json }) => json !== cut.definitions.json)) faults.add('a change of definitions');
      const mixed = since.some((arrival) => arrival.definitions.json !== cut.definitions.json);
      const expected = { rows, mixed, pendingFrom: distinctLate, pendingTo: late.length, faults };
      remembered.set(key, expected);
      return expected;
    },
  };
}
