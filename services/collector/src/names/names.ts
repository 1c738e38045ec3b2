/**
 * How many distinct names a day may bring. Each type, channel and campaign, page and element becomes rows of views, kept for ever in both
 * layers: a sender that makes a name for each event would fill them. Beyond the bound a name reads `(other)`, in the line
 * itself, so that both layers and every replay see the same event; the name as sent stays in `properties`, but for those of
 * elements, of which a report has dozens.
 *
 * Names are counted by the UTC day of receipt, campaigns with their channel. Each collector counts for itself, and again
 * from zero after a restart: n collectors let through n times as much. Public keys share half of the room fairly, each by the names that
 * it was the first to bring: who floods one page's key leaves room to other pages, and the other half to servers. Types and
 * channels that are known beforehand are always kept, and not counted: they say what an event means, and cannot be used up.
 *
 * A request claims its names while it is under way, so that two at once do not pass the bound, and gives them back when it
 * is refused in the end: only what is written uses up room.
 */
import { NONE, OTHER } from '@tributary/model/channels/channel';
import { UNNAMED } from '@tributary/model/counts';
import type { Event } from '@tributary/model/event';
import { DAY_MS } from '@tributary/model/time';
import { isOfPage, webNamesOf, withWebNames } from '@tributary/model/web-names';
import { createFairShare, type FairShare } from '@tributary/runtime/http/fair-share';

/** `element`: all names that a page gives, of forms and fields too, and hosts of its links. `value`: of what definitions count, each with its count. */
export const DIMENSIONS = ['type', 'channel', 'campaign', 'page', 'element', 'value'] as const;
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
  /** For one request. `publicKey`: the id of its key, where anybody may have that. */
  claim(publicKey?: string): Claim;
  /** How many names the day has brought so far. */
  count(dimension: Dimension): number;
}

/** The names of a request under way. */
export interface Claim {
  /** What of the event has no room; undefined when all of it has. Counts nothing. */
  fold(event: Event): Folded | undefined;
  /** How many days history may come from. */
  readonly importDays: number;
  /** False when it has come from as many of them already. Counts nothing. */
  takesDay(ts: number): boolean;
  /** Counts what an event brings that is going to be written; `folded`: what `fold` said of it. */
  add(event: Event, folded: Folded | undefined): void;
  /** What was counted stays so. */
  keep(): void;
  /** Nothing was written: what no other request claims has room again. */
  giveBack(): void;
}

/** What is always kept. Read at each event, for it changes with the definitions. */
export interface KnownNames {
  readonly type: ReadonlySet<string>;
  readonly channel: ReadonlySet<string>;
  /** What views call the page of an address. */
  readonly page: (address: string | undefined) => string;
  /** What an event would be counted under that no other dimension bounds. */
  readonly counted: (event: Event) => readonly CountedValue[];
}

/** A value, and the name of what counts it. */
export interface CountedValue {
  readonly count: string;
  readonly value: string;
}

/** How many requests under way claim a name; `KEPT` once one of them was accepted. */
interface Claimed {
  readonly claims: number;
  /** The public key that brought it first. */
  readonly owner?: string | undefined;
}
type Counted = Map<string, Claimed>;
const KEPT = Number.POSITIVE_INFINITY;

interface Day {
  readonly names: Readonly<Record<Dimension, Counted>>;
  /** Names that public keys brought. */
  readonly shares: ReadonlyMap<Counted, FairShare>;
  /** Days of imported events. */
  readonly days: Counted;
}

export function createNames(bounds: NameBounds, known: KnownNames, now: () => number): Names {
  let number = Number.NaN;
  let day: Day;

  function today(): Day {
    const current = Math.floor(now() / DAY_MS);
    if (current !== number) day = emptyDay(bounds);
    number = current;
    return day;
  }

  function claim(publicKey?: string): Claim {
    const claimed = new Map<Counted, Set<string>>();

    /** All of the names, or none. */
    function hasRoom(dimension: Dimension, ...given: readonly string[]): boolean {
      const { names, shares } = today();
      const counted = names[dimension];
      const added = given.filter((name) => !counted.has(name)).length;
      if (added === 0) return true;
      if (counted.size + added > bounds[dimension]) return false;
      return publicKey === undefined || shares.get(counted)?.fits(publicKey, added) === true;
    }

    function foldedOfPage(event: Event): Dimension[] {
      if (!isOfPage(event)) return [];
      const folded: Dimension[] = [];
      if (!hasRoom('page', ...pagesOf(event))) folded.push('page');
      if (!hasRoom('element', ...webNamesOf(event))) folded.push('element');
      return folded;
    }

    /** Names the counts whose value is beyond the bound; the value itself stays, as signals read it too. Undefined: there is room for all. */
    function markBeyondBound(event: Event): Event | undefined {
      const counted = known.counted(event);
      if (counted.length === 0 || hasRoom('value', ...new Set(counted.map(valueName)))) return undefined;
      const { value } = today().names;
      const unnamed = counted.filter((one) => !value.has(valueName(one))).map(({ count: name }) => name);
      return { ...event, properties: { ...event.properties, [UNNAMED]: [...new Set(unnamed)].join(',') } };
    }

    const pagesOf = ({ page }: Event) => [known.page(page)].filter((name) => name !== NONE && name !== OTHER);

    function count(counted: Counted, name: string): void {
      const { claims, owner } = counted.get(name) ?? { claims: 0, owner: publicKey };
      const own = claimed.get(counted) ?? new Set();
      if (claims === KEPT || own.has(name)) return;
      if (claims === 0 && owner !== undefined) day.shares.get(counted)?.take(owner, 1);
      counted.set(name, { claims: claims + 1, owner });
      claimed.set(counted, own.add(name));
    }

    function foldNames(event: Event): Folded | undefined {
      const { type, channel, campaign } = event;
      const folded: Dimension[] = [];
      if (!known.type.has(type) && !hasRoom('type', type)) folded.push('type');
      if (channel !== undefined && !known.channel.has(channel) && !hasRoom('channel', channel)) folded.push('channel');
      if (campaign !== undefined && !hasRoom('campaign', placeOf(event, folded))) folded.push('campaign');
      folded.push(...foldedOfPage(event));
      if (folded.length === 0) return undefined;
      const { element } = today().names;
      const named = folded.includes('element') ? withWebNames(event, (name) => (element.has(name) ? name : OTHER)) : event;
      const whole = folded.filter((dimension) => dimension !== 'element');
      const names = Object.fromEntries(whole.map((dimension) => [dimension, OTHER]));
      const kept = Object.fromEntries(whole.map((dimension) => [`$${dimension}`, event[dimension]]));
      return { dimensions: folded, event: { ...named, ...names, properties: { ...named.properties, ...kept } } };
    }

    return {
      importDays: bounds.importDays,
      fold(event) {
        const named = foldNames(event);
        const marked = markBeyondBound(named?.event ?? event);
        return marked === undefined ? named : { dimensions: [...(named?.dimensions ?? []), 'value'], event: marked };
      },
      takesDay(ts) {
        const { days } = today();
        return days.size < bounds.importDays || days.has(dayNumberOf(ts));
      },
      add(event, { dimensions: folded, event: written } = { dimensions: [], event }) {
        const { names, days } = today();
        const { type, channel, campaign, ts, historical } = event;
        if (!known.type.has(type) && !folded.includes('type')) count(names.type, type);
        if (channel !== undefined && !known.channel.has(channel) && !folded.includes('channel')) count(names.channel, channel);
        if (campaign !== undefined && !folded.includes('campaign')) count(names.campaign, placeOf(event, folded));
        if (historical === true) count(days, dayNumberOf(ts));
        if (!folded.includes('value')) for (const one of known.counted(written)) count(names.value, valueName(one));
        if (!isOfPage(event)) return;
        if (!folded.includes('page')) for (const name of pagesOf(event)) count(names.page, name);
        if (!folded.includes('element')) for (const name of webNamesOf(event)) count(names.element, name);
      },
      keep() {
        for (const [counted, own] of claimed)
          for (const name of own) counted.set(name, { owner: counted.get(name)?.owner, claims: KEPT });
      },
      giveBack() {
        for (const [counted, own] of claimed)
          for (const name of own) {
            const { claims, owner } = counted.get(name) ?? { claims: KEPT };
            counted.set(name, { claims: claims - 1, owner });
            if (claims !== 1) continue;
            counted.delete(name);
            // A day that is over has no shares.
            if (owner !== undefined) day.shares.get(counted)?.give(owner, 1);
          }
      },
    };
  }

  return { claim, count: (dimension) => today().names[dimension].size };
}

function emptyDay(bounds: NameBounds): Day {
  const names = {
    type: new Map(),
    channel: new Map(),
    campaign: new Map(),
    page: new Map(),
    element: new Map(),
    value: new Map(),
  };
  const shares = DIMENSIONS.map((dimension) => [names[dimension], createFairShare(Math.ceil(bounds[dimension] / 2))] as const);
  return { names, shares: new Map(shares), days: new Map() };
}

/** A campaign counts with the channel that it is written with. No name holds a tab. */
function placeOf({ channel, campaign }: Event, folded: readonly Dimension[]): string {
  return `${folded.includes('channel') ? OTHER : (channel ?? '')}\t${campaign}`;
}

function valueName({ count, value }: CountedValue): string {
  return `${count}\t${value}`;
}

function dayNumberOf(ts: number): string {
  return String(Math.floor(ts / DAY_MS));
}

/** Counts nothing: for checks that write nothing. */
export const NO_NAMES: Names = {
  claim: () => ({
    importDays: Number.POSITIVE_INFINITY,
    fold: () => undefined,
    takesDay: () => true,
    add: () => {},
    keep: () => {},
    giveBack: () => {},
  }),
  count: () => 0,
};
