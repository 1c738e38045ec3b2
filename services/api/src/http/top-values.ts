/** The values that were counted most: by events, then the later last day, then bytes. */
import { NONE, OTHER } from '@tributary/model/channels/channel';
import { add, type Integer, subtract } from '@tributary/model/integer';
import { compareText } from '@tributary/signals/text-order';
import type { Rows } from '@tributary/views/deltas';

export interface TopValues {
  readonly rows: CountedValue[];
  /** What `rows` leaves out. */
  readonly rest: { readonly values: number; readonly events: Integer };
  readonly withoutValue: Integer;
  /** Those of values that have no row of their own. */
  readonly unnamed: Integer;
  readonly total: Integer;
}

interface CountedValue {
  readonly value: string;
  readonly events: Integer;
  readonly lastDay: string;
}

/** What was summed of rows that are shared: the same question gets the same ones until something new is counted. */
const remembered = new WeakMap<Rows, Map<number, TopValues>>();
/** Limits of one question, of which somebody may ask for a thousand. */
const MOST_LIMITS = 8;

/** `rows`: by value and day, and not changed by anybody. All values are passed over once; `limit` of them are kept in order. */
export function topValues(rows: Rows, limit: number): TopValues {
  const known = remembered.get(rows) ?? new Map<number, TopValues>();
  remembered.set(rows, known);
  const top = known.get(limit) ?? summedUp(rows, limit);
  if (known.size >= MOST_LIMITS) known.clear();
  known.set(limit, top);
  return top;
}

function summedUp(rows: Rows, limit: number): TopValues {
  const byValue = summed(rows);
  const eventsOf = (value: string) => byValue.get(value)?.events ?? 0;
  const [withoutValue, unnamed] = [eventsOf(NONE), eventsOf(OTHER)];
  byValue.delete(NONE);
  byValue.delete(OTHER);
  const top: CountedValue[] = [];
  let sum: Integer = 0;
  for (const one of byValue.values()) {
    sum = add(sum, one.events);
    const last = top.at(-1);
    if (top.length === limit && last !== undefined && isBefore(last, one)) continue;
    top.splice(placeOf(top, one), 0, one);
    if (top.length > limit) top.pop();
  }
  const shown = top.reduce<Integer>((all, { events }) => add(all, events), 0);
  return {
    rows: top,
    rest: { values: byValue.size - top.length, events: subtract(sum, shown) },
    withoutValue,
    unnamed,
    total: add(add(sum, withoutValue), unnamed),
  };
}

/** Without those that were counted as often as they were taken back. */
function summed(rows: Rows): Map<string, CountedValue> {
  const byValue = new Map<string, CountedValue>();
  for (const [key, [events = 0]] of rows) {
    const [value = '', day = ''] = key.split('\t');
    const known = byValue.get(value);
    const lastDay = known === undefined || known.lastDay < day ? day : known.lastDay;
    byValue.set(value, { value, events: add(known?.events ?? 0, events), lastDay });
  }
  for (const [value, { events }] of byValue) if (events === 0) byValue.delete(value);
  return byValue;
}

function isBefore(a: CountedValue, b: CountedValue): boolean {
  if (a.events !== b.events) return a.events > b.events;
  if (a.lastDay !== b.lastDay) return a.lastDay > b.lastDay;
  return compareText(a.value, b.value) < 0;
}

/** Where it belongs among those that are in order. */
function placeOf(top: readonly CountedValue[], one: CountedValue): number {
  let [low, high] = [0, top.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(top[middle] as CountedValue, one)) low = middle + 1;
    else high = middle;
  }
  return low;
}
