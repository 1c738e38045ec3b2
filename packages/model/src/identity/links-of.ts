/**
 * What an event says about keys: that another key is its user too. The form in which it came says how.
 *
 *   any event with `userId` and `anonymousId`                    the anonymous one (a page that knows both)
 *   `alias` with `properties.previousId`                         the previous one (Segment, RudderStack)
 *   `$identify` with `properties.$anon_distinct_id`              the anonymous one (PostHog)
 *   `$create_alias` with `properties.alias`                      the alias (PostHog)
 *   `tributary.undo` with `properties.key`                       it is not, whatever was said before (by hand alone: collectors refuse the type)
 *
 * An alias alone moves what was sent with the id of a user: that is a merge of two users, and somebody asked for it. A page may not ask for one, as its
 * key is there for anybody to take: the collector marks its aliases (`WITHOUT_MERGE`).
 */
import type { Event } from '../event.ts';
import { isKey } from '../event-fields.ts';
import { HOUR_MS } from '../time.ts';
import { userKeyOf } from '../user-key.ts';
import type { Message } from './adoption.ts';
import type { Link, Version } from './links.ts';

const SAID_BY: Readonly<Record<string, string>> = {
  alias: 'previousId',
  $identify: '$anon_distinct_id',
  $create_alias: 'alias',
};

/** Each says at which moment the other key becomes the user's: an `identify` is sent when somebody signs in. */
const SAID_AT_ITS_MOMENT: ReadonlySet<string> = new Set(['identify', ...Object.keys(SAID_BY)]);

/** Any other event with both ids says so of the whole hour that it lies in: a page has one with each click. */
const ROUNDED_MS = HOUR_MS;

/** Merge two users, unless they are marked. */
export const MERGING_TYPES: ReadonlySet<string> = new Set(['alias', '$create_alias']);

/** The property of an alias that joins anonymous keys alone. */
export const WITHOUT_MERGE = '$without_merge';

export const UNDO_TYPE = 'tributary.undo';

interface LineOfKey {
  readonly event: Pick<Event, 'type'>;
  readonly userKey: string;
  readonly line: string;
  /** As the reader of plain lines found it (plain-line.ts); undefined: the line is to be looked at. */
  readonly hasBothIds?: boolean | undefined;
}

/** Whether a line may say anything about keys: far from all do, and the others need not be read whole. */
export function mayLink({ event: { type }, userKey, line, hasBothIds }: LineOfKey): boolean {
  if (SAYING.has(type)) return true;
  if (hasBothIds !== undefined) return hasBothIds;
  if (line.includes(ESCAPED)) return true;
  const at = line.indexOf(ANONYMOUS);
  if (at < 0) return false;
  // An anonymous id that is the key of the event names no other key. Who writes lines by hand may have others of that name before it, and spaces.
  const isOwn = line.startsWith(`:${JSON.stringify(userKey)}`, at + ANONYMOUS.length);
  return !isOwn || line.includes(ANONYMOUS, at + ANONYMOUS.length);
}

/** Without the quote that it begins with: a line has dozens of these, and each is a place to compare at. */
const ANONYMOUS = 'anonymousId"';
/** A letter of the name may be written so, which no encoder of ours does. */
const ESCAPED = '\\u00';
/** Types whose events name a key in their properties. */
export const SAYING_TYPES: readonly string[] = [UNDO_TYPE, ...Object.keys(SAID_BY)];
const SAYING: ReadonlySet<string> = new Set(SAYING_TYPES);

/** The links that an event makes, or undoes, as messages to the keys that it names beside its user's. `at`: where it lies in the log. */
export function linksOf(event: Event, at: Version): Message[] {
  const user = userKeyOf(event);
  const { receivedAt } = event;
  if (event.type === UNDO_TYPE) {
    const key = event.properties?.['key'];
    return isKey(key) && key !== user ? [{ kind: 'unlink', to: key, from: user, version: at, receivedAt }] : [];
  }
  const isMoment = SAID_AT_ITS_MOMENT.has(event.type);
  const ts = isMoment ? event.ts : Math.floor(event.ts / ROUNDED_MS) * ROUNDED_MS;
  const name = isMoment ? `at ${event.id}` : `${OF_HOUR}${ts / ROUNDED_MS}`;
  const merges = MERGING_TYPES.has(event.type) && event.properties?.[WITHOUT_MERGE] !== true;
  return [...keysIn(event)]
    .filter((key) => key !== user)
    .map((key) => ({
      kind: 'link',
      to: key,
      link: { id: `${user}\n${name}`, to: user, ts, version: at, receivedAt, ...(merges && { merges }) },
    }));
}

/** Whether an event says it of its whole hour. */
export function isOfHour({ id, to }: Pick<Link, 'id' | 'to'>): boolean {
  return id.startsWith(OF_HOUR, to.length + 1);
}

const OF_HOUR = 'hour ';

function keysIn({ type, userId, anonymousId, properties }: Event): ReadonlySet<string> {
  const keys = new Set<string>();
  if (userId !== undefined && anonymousId !== undefined) keys.add(anonymousId);
  const field = Object.hasOwn(SAID_BY, type) ? SAID_BY[type] : undefined;
  const said = field === undefined ? undefined : properties?.[field];
  if (isKey(said)) keys.add(said);
  return keys;
}
