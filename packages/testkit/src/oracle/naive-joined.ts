/**
 * The rows of all views where keys of one person are joined, from the lines of the log alone: `naive` of the events as they count for the users whom
 * naive-identity.ts says. What lines say is read here once more, without the code of the engines.
 */
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import type { RowsByView } from '@tributary/views/deltas';
import { naive } from './naive.ts';
import { type Relayed, type Sent, type Timelines, timelinesOfLines, timelinesOfPeople } from './naive-identity.ts';

export interface LogLine {
  readonly partition: number;
  readonly position: string;
  /** Where the line lies in its partition. */
  readonly at: string;
  readonly event: Event;
}

type DigestOf = (userKey: string) => string;

/** From the lines up to a position of each partition. `digestOf`: as messages name an erased key. */
export function naiveJoined(
  lines: readonly LogLine[],
  upTo: readonly string[],
  definitions: Definitions,
  digestOf?: DigestOf,
  mostOfDay?: number,
): RowsByView {
  const { sent, relayed, events } = unforgotten(read(lines, upTo));
  const timelines = timelinesOfLines(sent, relayed, definitions.joinedMs as number, digestOf, mostOfDay);
  return naive(eventsOf(timelines, events), definitions);
}

/** From what was sent alone, as if each link had been known from the start. Where no erasure is lifted: what came to an erased key from others, these do not send again. */
export function naiveJoinedOfPeople(
  lines: readonly LogLine[],
  upTo: readonly string[],
  definitions: Definitions,
  mostOfDay?: number,
): RowsByView {
  const { timelines, events } = joinedPeople(lines, upTo, definitions.joinedMs as number, mostOfDay);
  return naive(eventsOf(timelines, events), definitions);
}

/** The same as the events of each key. */
export function joinedPeople(lines: readonly LogLine[], upTo: readonly string[], windowMs: number, mostOfDay?: number) {
  const { sent, relayed, events, erased } = read(lines, upTo);
  // What a user said before they were erased is said: of their own events nothing is left, nor of what is on its way through their key.
  const said = sent.filter(({ kind, key, at }) => kind === 'event' || at < (erased.get(key)?.[0]?.from ?? AT_THE_END));
  return { timelines: timelinesOfPeople(said, windowMs, new Set(erased.keys()), mostOfDay, relayed), events };
}

/** The events that count for a key, from the lines up to a position of each partition. */
export function joinedEventsOf(
  key: string,
  lines: readonly LogLine[],
  upTo: readonly string[],
  windowMs: number,
  digestOf?: DigestOf,
): Event[] {
  const { sent, relayed, events } = unforgotten(read(lines, upTo));
  const counted = timelinesOfLines(sent, relayed, windowMs, digestOf).get(key) ?? [];
  return counted.map(({ origin, id }) => events.get(`${origin}\n${id}`) as Event);
}

function eventsOf(timelines: Timelines, events: ReadonlyMap<string, Event>): Event[] {
  return [...timelines].flatMap(([userId, counted]) =>
    counted.map(({ origin, id }) => ({ ...(events.get(`${origin}\n${id}`) as Event), userId })),
  );
}

const MESSAGES = ['link', 'unlink', 'put', 'take', 'withdraw'];

const AT_THE_END = '\uffff';

/** From one place of a key's partition, where it is erased, to where that is lifted; undefined: it is not. */
interface Erased {
  readonly from: string;
  to: string | undefined;
}

/** What lies before or within an erasure of its key does not count, whether it is the key's own line or one to it. An event that comes twice must not come around one. */
function unforgotten({ sent, relayed, events, erased }: ReturnType<typeof read>) {
  const isKept = ({ key, at }: { readonly key: string; readonly at: string }) =>
    (erased.get(key) ?? []).every(({ to }) => to !== undefined && at > to);
  return { sent: sent.filter(isKept), relayed: relayed.filter(isKept), events };
}

function read(lines: readonly LogLine[], upTo: readonly string[]) {
  const sent: Sent[] = [];
  const relayed: (Relayed & { readonly at: string })[] = [];
  /** The first arrivals, by user key and id. */
  const events = new Map<string, Event>();
  const erased = new Map<string, Erased[]>();
  for (const { partition, position, at, event } of lines) {
    const { ts, receivedAt, type, userId, anonymousId, properties = {} } = event;
    const key = (userId ?? anonymousId) as string;
    const kind = MESSAGES.find((one) => type === `tributary.${one}`) as Relayed['kind'] | undefined;
    const isRead = position <= (upTo[partition] as string);
    if (kind !== undefined) {
      if (!isRead) continue;
      const said = properties['$tributary'] as {
        id?: string;
        to?: string;
        from?: string;
        path?: string[];
        version: string;
        merges?: true;
        floor?: number;
        held?: number;
        of?: string;
        by?: string;
      };
      const { id = '', path = [], version } = said;
      const [user, isMerge] = [said.to ?? said.from ?? '', said.merges === true];
      const { floor, held } = said;
      const withdrawn = kind === 'withdraw' ? { withdrawn: { of: said.of ?? '', by: said.by ?? '' } } : {};
      const origin = path[0] ?? '';
      relayed.push({ kind, key, id, path, ts, receivedAt, version, origin, user, isMerge, at, floor, held, ...withdrawn });
      continue;
    }
    if (type === 'tributary.erase' || type === 'tributary.lift') {
      const all = erased.get(key) ?? [];
      const last = all.at(-1);
      const isErased = last !== undefined && last.to === undefined;
      if (isRead && type === 'tributary.erase' && !isErased) erased.set(key, [...all, { from: at, to: undefined }]);
      if (isRead && type === 'tributary.lift' && isErased) last.to = at;
      continue;
    }
    const name = `${key}\n${event.id}`;
    if (events.has(name)) continue;
    // Also of what lies further on: a store that lost writes may be behind a message that it sent.
    events.set(name, event);
    if (!isRead) continue;
    sent.push({ kind: 'event', key, id: event.id, ts, isUsers: userId !== undefined, at });
    if (type === 'tributary.undo') sent.push({ kind: 'forget', key, from: String(properties['key']), receivedAt, at });
    else sent.push(...saidBy(event, key, at));
  }
  return { sent, relayed, events, erased };
}

const HOUR = 3_600_000;

function saidBy({ type, id, ts, receivedAt, userId, anonymousId, properties = {} }: Event, key: string, at: string): Sent[] {
  const named = type === 'alias' ? properties['previousId'] : type === '$identify' ? properties['$anon_distinct_id'] : undefined;
  const others = new Set([userId === undefined ? undefined : anonymousId, named].filter((other) => typeof other === 'string'));
  const exact = type === 'identify' || type === 'alias' || type === '$identify';
  const hour = Math.floor(ts / HOUR);
  return [...others]
    .filter((from) => from !== key)
    .map((from) => ({
      kind: 'identify',
      key,
      id: exact ? `at ${id}` : `hour ${hour}`,
      from: from as string,
      ts: exact ? ts : hour * HOUR,
      receivedAt,
      isMerge: type === 'alias' && properties['$without_merge'] !== true,
      at,
    }));
}
