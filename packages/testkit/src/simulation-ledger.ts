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
import { userKeyOf } from '@tributary/model/user-key';
import { addRowsByView, type RowsByView } from '@tributary/views/deltas';
import { naive } from './naive.ts';

export interface Arrival {
  readonly event: Event;
  readonly position: string;
  /** Log time with this event. */
  readonly logTimeMs: number;
  readonly definitions: Definitions;
  /** Not the first of its user with this id. */
  readonly duplicate: boolean;
  readonly late: boolean;
}

export interface Expected {
  readonly rows: RowsByView;
  /** How many late events may be reported: each distinct one at least, each late arrival at most. */
  readonly pendingFrom: number;
  readonly pendingTo: number;
}

export interface Ledger {
  readonly arrivals: readonly Arrival[];
  /** Takes note of entries that were appended since. */
  note(entries: readonly LogEntry[]): void;
  /** What `view(generation) + deltas` must be once the speed layer stands at `position`. */
  expected(generation: number, position: string | null): Expected;
}

/** An event, or null for what must be parked: the generator writes either valid lines or plain garbage. */
export function readLine(line: string): Event | null {
  try {
    const value = JSON.parse(line) as Event;
    return typeof value.ts === 'number' && typeof value.id === 'string' ? value : null;
  } catch {
    return null;
  }
}

export function createLedger(initial: Definitions, parse: (json: string) => Definitions): Ledger {
  const arrivals: Arrival[] = [];
  const effects: RowsByView[] = [];
  const cuts = new Map<number, { readonly count: number; readonly definitions: Definitions }>([
    [0, { count: 0, definitions: initial }],
  ]);
  const seen = new Set<string>();
  const remembered = new Map<string, Expected>();
  let logTimeMs = 0;
  let current = 0;
  let definitions = initial;

  function arrive(event: Event, position: string): void {
    logTimeMs = Math.max(logTimeMs, event.receivedAt);
    const key = `${userKeyOf(event)}\n${event.id}`;
    const duplicate = seen.has(key);
    seen.add(key);
    arrivals.push({ event, position, logTimeMs, definitions, duplicate, late: event.ts <= logTimeMs - definitions.latenessMs });
  }

  function effectOf(index: number): RowsByView {
    const { event, logTimeMs: now, definitions: rules } = arrivals[index] as Arrival;
    const own = arrivals.slice(0, index + 1).filter((arrival) => userKeyOf(arrival.event) === userKeyOf(event));
    const events = own.map((arrival) => arrival.event);
    const effect = naive(events, rules, now - rules.latenessMs);
    addRowsByView(effect, naive(events.slice(0, -1), rules, now - rules.latenessMs), -1);
    return effect;
  }

  return {
    arrivals,
    note(entries) {
      for (const { kind, body, position } of entries) {
        if (kind === 'heartbeat') logTimeMs = Math.max(logTimeMs, (JSON.parse(body) as Heartbeat).receivedAt);
        else if (kind === 'events') {
          for (const line of body.split('\n')) {
            const event = readLine(line);
            if (event !== null) arrive(event, position);
          }
        } else {
          const barrier = JSON.parse(body) as Barrier;
          if (barrier.generation <= current) continue;
          current = barrier.generation;
          definitions = parse(barrier.definitions);
          cuts.set(current, { count: arrivals.length, definitions });
        }
      }
    },
    expected(generation, position) {
      const cut = cuts.get(generation);
      if (cut === undefined) throw new Error(`generation ${generation} was never cut in this partition`);
      let upTo = cut.count;
      while (upTo < arrivals.length && position !== null && (arrivals[upTo] as Arrival).position <= position) upTo++;
      const key = `${generation} ${upTo}`;
      const known = remembered.get(key);
      if (known !== undefined) return known;
      const since = arrivals.slice(cut.count, upTo);
      const late = since.filter((arrival) => arrival.late);
      const plain = late.length === 0 && since.every((arrival) => arrival.definitions.json === cut.definitions.json);
      const events = arrivals.slice(0, plain ? upTo : cut.count).map((arrival) => arrival.event);
      const rows = naive(events, cut.definitions);
      if (!plain) for (let i = cut.count; i < upTo; i++) addRowsByView(rows, (effects[i] ??= effectOf(i)));
      const distinct = late.filter((arrival) => !arrival.duplicate).length;
      const expected = { rows, pendingFrom: distinct, pendingTo: late.length };
      remembered.set(key, expected);
      return expected;
    },
  };
}
