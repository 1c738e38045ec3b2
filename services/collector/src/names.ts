/**
 * How many distinct names a day may bring. Each type, channel and campaign becomes rows of views, kept for ever in both
 * layers: a sender that makes a name for each event would fill them. Beyond the bound a name reads `(other)`, in the line
 * itself, so that both layers and every replay see the same event; the name as sent stays in `properties`.
 *
 * Names are counted by the UTC day of receipt, campaigns with their channel. Each collector counts for itself and anew
 * after a restart: n collectors let through n times as much. Public keys have half of the room: who floods a page's key
 * leaves the other half to servers. Types that the definitions name are always kept: they say what an event means.
 */
import type { Event } from '@tributary/model/event';
import { DAY_MS } from '@tributary/model/time';

export const OTHER = '(other)';

export const DIMENSIONS = ['type', 'channel', 'campaign'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

export interface NameBounds extends Readonly<Record<Dimension, number>> {
  /** Distinct days of imported events. */
  readonly importDays: number;
}

/** What of an event reads `(other)` now, and where the names went. */
export interface Folded {
  readonly dimensions: readonly Dimension[];
  readonly event: Event;
}

export interface Names {
  /** Counts the names of an event that is about to be written. Undefined when all of them have room. */
  fold(event: Event, isPublic: boolean): Folded | undefined;
  /** False when history has come from as many days as one day may bring. */
  takesDay(ts: number): boolean;
  /** How many names the day has brought so far. */
  count(dimension: Dimension): number;
}

/** Names by what they belong to: campaigns by their channel, the others by nothing. */
interface Counted {
  readonly byGroup: Map<string, Set<string>>;
  size: number;
}

function counted(): Counted {
  return { byGroup: new Map(), size: 0 };
}

export function createNames(bounds: NameBounds, knownTypes: ReadonlySet<string>, now: () => number): Names {
  let today = Number.NaN;
  let seen: Record<Dimension, Counted>;
  let days: Set<number>;
  turn();

  function turn(): void {
    const day = Math.floor(now() / DAY_MS);
    if (day === today) return;
    today = day;
    seen = { type: counted(), channel: counted(), campaign: counted() };
    days = new Set();
  }

  function hasRoom(dimension: Dimension, within: string, name: string, isPublic: boolean): boolean {
    const names = seen[dimension];
    const known = names.byGroup.get(within);
    if (known?.has(name)) return true;
    if (names.size >= (isPublic ? Math.ceil(bounds[dimension] / 2) : bounds[dimension])) return false;
    names.size++;
    if (known === undefined) names.byGroup.set(within, new Set([name]));
    else known.add(name);
    return true;
  }

  return {
    fold(event, isPublic) {
      turn();
      const { type, channel, campaign } = event;
      const folded: Dimension[] = [];
      if (!knownTypes.has(type) && !hasRoom('type', '', type, isPublic)) folded.push('type');
      if (channel !== undefined && !hasRoom('channel', '', channel, isPublic)) folded.push('channel');
      const place = folded.includes('channel') ? OTHER : (channel ?? '');
      if (campaign !== undefined && !hasRoom('campaign', place, campaign, isPublic)) folded.push('campaign');
      if (folded.length === 0) return undefined;
      const names = Object.fromEntries(folded.map((dimension) => [dimension, OTHER]));
      const kept = Object.fromEntries(folded.map((dimension) => [`$${dimension}`, event[dimension]]));
      return { dimensions: folded, event: { ...event, ...names, properties: { ...event.properties, ...kept } } };
    },
    takesDay(ts) {
      turn();
      const day = Math.floor(ts / DAY_MS);
      if (days.size >= bounds.importDays && !days.has(day)) return false;
      days.add(day);
      return true;
    },
    count(dimension) {
      turn();
      return seen[dimension].size;
    },
  };
}

/** Counts nothing: for checks that write nothing. */
export const NO_NAMES: Names = { fold: () => undefined, takesDay: () => true, count: () => 0 };
