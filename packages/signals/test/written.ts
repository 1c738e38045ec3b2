/** Definitions as people write them, read for a test. */
import { createHash } from 'node:crypto';
import type { DerivedSections } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { DAY_MS } from '@tributary/model/time';
import { readSignals, type SignalSet } from '@tributary/signals/definitions/read';
import { timelineOf } from '@tributary/signals/timeline';
import type { SignalValue } from '@tributary/signals/value';

export const sha256Hex = (text: string) => createHash('sha256').update(text).digest('hex');

export function written(sections: Partial<DerivedSections>, retainedMs = 90 * DAY_MS): SignalSet {
  return readSignals({ fields: {}, signals: {}, sessions: {}, segments: {}, ...sections }, retainedMs, sha256Hex);
}

export function valueAt(set: SignalSet, name: string, events: readonly Event[], asOfMs: number): SignalValue {
  const definition = set.get(name);
  if (definition === undefined) throw new Error(`a test asks for ${name}, which it did not define`);
  return definition.evaluate(timelineOf(events), asOfMs).value;
}

/** `id`: given, as ties break by it. */
export function event(id: string, type: string, ts: number, rest: Partial<Event> = {}): Event {
  return { ts, type, id, receivedAt: ts, source: 'native', ...rest };
}

export function everyOrder<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [items.slice()];
  return items.flatMap((item, i) => everyOrder(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}
