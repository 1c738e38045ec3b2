/**
 * Joins: events beside the first event of another kind around them in time that has the same values. Each looks at its own time alone, so an event
 * may be the match of several, what comes in any order gives the same, and only what is near in time is looked at.
 */
import type { Event } from '@tributary/model/event';
import type { Field, Scalar } from '../expressions/fields.ts';
import type { JoinDefinition } from '../resolved.ts';
import { lowerBound, type Timeline, untilLeft } from '../timeline.ts';
import type { Cell, Evaluate, Item } from '../value.ts';
import type { Select } from './select.ts';

/** One side of a join. */
export interface Joined {
  readonly select: Select;
  /** Those that must be equal on both sides, in one order. */
  readonly on: readonly Field[];
  /** What is shown of its events, under which names. */
  readonly fields: readonly (readonly [shownAs: string, field: Field])[];
}

export function evaluateJoin({ beforeMs, afterMs, only, count, ageMs }: JoinDefinition, of: Joined, to: Joined): Evaluate {
  const empty: Record<string, Cell> = { ts: null };
  for (const [name] of of.fields) empty[name] = null;
  Object.assign(empty, { open: false, matches: 0, matchTs: null });
  for (const [name] of to.fields) empty[name] = null;

  return (timeline, asOfMs) => {
    const oldestMs = asOfMs - ageMs;
    const candidates = candidatesOf(timeline, to, oldestMs - beforeMs, asOfMs);
    const itemOf = (event: Event): Item => {
      const { first, count: matches } = candidates.around(event, keyOf(event, of.on), beforeMs, afterMs);
      // A copy has all keys as its own already, in order.
      const item = { ...empty, ts: event.ts, open: asOfMs <= event.ts + afterMs, matches, matchTs: first?.ts ?? null };
      show(item, event, of);
      if (first !== undefined) show(item, first, to);
      return item;
    };
    const value: Item[] = [];
    let fromMs = oldestMs;
    let untilMs = candidates.untilLeft(ageMs + beforeMs);
    const events = of.select(timeline, oldestMs, asOfMs);
    for (let i = events.length - 1; i >= 0 && value.length < count; i--) {
      timeline.pause();
      const event = events[i] as Event;
      const item = itemOf(event);
      untilMs = Math.min(untilMs, event.ts + ageMs + 1, item['open'] === true ? event.ts + afterMs + 1 : untilMs);
      if (only !== null && (item['matchTs'] !== null) !== (only === 'matched')) continue;
      value.push(item);
      if (value.length === count) fromMs = event.ts;
    }
    return { value, fromMs: fromMs - beforeMs, untilMs, fromMoves: value.length < count };
  };
}

function show(item: Record<string, Cell>, event: Event, { fields }: Joined): void {
  for (const [name, { read }] of fields) item[name] = read(event) ?? null;
}

interface Candidates {
  /** When the oldest of them is too old for what looks back so far. */
  untilLeft(reachMs: number): number;
  /** Those of this key from `beforeMs` before the event to `afterMs` after it, but for itself. */
  around(
    event: Event,
    key: Key,
    beforeMs: number,
    afterMs: number,
  ): { readonly first: Event | undefined; readonly count: number };
}

function candidatesOf(timeline: Timeline, { select, on }: Joined, fromMs: number, toMs: number): Candidates {
  const byKey = new Map<Key, Event[]>();
  const all = select(timeline, fromMs, toMs);
  for (const event of all) {
    timeline.pause();
    const key = keyOf(event, on);
    if (key === undefined) continue;
    const same = byKey.get(key);
    if (same === undefined) byKey.set(key, [event]);
    else same.push(event);
  }
  const known = new Set(all);
  return {
    untilLeft: (reachMs) => untilLeft(all, reachMs),
    around(event, key, beforeMs, afterMs) {
      const same = key === undefined ? [] : (byKey.get(key) ?? []);
      const from = lowerBound(same, event.ts - beforeMs);
      // It may be among those with another key, where the fields have other names there.
      const itself = known.has(event) && keyOf(event, on) === key ? 1 : 0;
      const count = Math.max(0, lowerBound(same, event.ts + afterMs + 1) - from - itself);
      return { first: count === 0 ? undefined : same[same[from] === event ? from + 1 : from], count };
    },
  };
}

/** undefined: a value is absent, and equal to none. */
type Key = Scalar | undefined;

function keyOf(event: Event, on: readonly Field[]): Key {
  const [only] = on;
  if (only !== undefined && on.length === 1) return only.read(event);
  const values = on.map(({ read }) => read(event));
  return values.includes(undefined) ? undefined : JSON.stringify(values);
}
