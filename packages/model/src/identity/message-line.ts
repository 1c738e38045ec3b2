/**
 * Messages between keys as lines of the log: events of reserved types, of the key that they go to. So each reader of the log decides by what it knows
 * already whether a line is whole, which partition it belongs to, and where it lies; the archive keeps them as it keeps events.
 *
 * A `put` is the event that it lends, but for its type and id, which stand in `properties.$tributary` with the way that it came.
 */
import { type Event, encodeEvent } from '../event.ts';
import { userKeyOf } from '../user-key.ts';
import type { ItemMessage, Message } from './adoption.ts';
import type { Item } from './item.ts';
import type { Link, Undoing, Version } from './links.ts';
import type { Withdrawal } from './withdrawal.ts';

/** Types that begin so are the platform's own. */
export const RESERVED_PREFIX = 'tributary.';
export const LINK_TYPE = 'tributary.link';
export const UNLINK_TYPE = 'tributary.unlink';
/** Say which keys are of one person, and move no event by themselves. */
export const LINK_TYPES: readonly string[] = [LINK_TYPE, UNLINK_TYPE];
/** Takes back what an erased key lent. */
export const WITHDRAW_TYPE = 'tributary.withdraw';
/** What a record keeps however old it is: it decides about what comes later. */
export const LASTING_TYPES: readonly string[] = [...LINK_TYPES, WITHDRAW_TYPE];
/** Lends an event. */
export const PUT_TYPE = 'tributary.put';
/** Takes it back. */
export const TAKE_TYPE = 'tributary.take';
export const MESSAGE_TYPES = [LINK_TYPE, UNLINK_TYPE, PUT_TYPE, TAKE_TYPE, WITHDRAW_TYPE] as const;
/** Among the properties of a message: what it says beside the fields of an event. */
export const SAID = '$tributary';

/** Whether it is the type of a message, and no sender's. */
export function isMessageType(type: string): boolean {
  return type.startsWith(RESERVED_PREFIX) && (MESSAGE_TYPES as readonly string[]).includes(type);
}

/**
 * Where a message stands among those from one partition to another. It is not counted: a partition that begins from nothing, and finds that users whose
 * events had caused some are gone, gives each one that it sends again the number that it had.
 */
export interface Numbered {
  readonly from: number;
  /** Where its cause lies in the log of that partition, and which of the messages of the cause it is: the later of two is the larger one. */
  readonly number: string;
  /** The number of the one before it; '' of the first: a reader knows that none is missing in between. */
  readonly after: string;
}

/** Digits of a message's place among those of its cause: numbers are compared as text. */
const PLACE_DIGITS = 7;

/** `cause`: the version that the message carries. */
export function messageNumber(cause: Version, place: number): string {
  return `${cause}.${String(place).padStart(PLACE_DIGITS, '0')}`;
}

/** Line of the cause of what no line causes but where its batch ends: behind all lines of an entry. */
export const LAST_LINE = '9'.repeat(7);

/** Whether no answer waits for it: it moves nothing, it is said where a batch ends, and another history says it elsewhere (lose-events.ts). */
export function delaysNoAnswer({ number, after }: Numbered): boolean {
  return after === '' && number.includes(`.${LAST_LINE}.`);
}

/** Where the entry lies that caused a message; '' of none. */
export function causeOf(number: string): string {
  return number.split('.')[0] as string;
}

export function idOfMessage({ from, number, after }: Numbered): string {
  return [from, number, after].join(SEPARATOR);
}

export function numberOfMessage({ id }: Pick<Event, 'id'>): Numbered {
  const [from = '', number = '', after = ''] = id.split(SEPARATOR);
  return { from: Number(from), number, after };
}

const SEPARATOR = '/';

/** The key that a message goes to, read from its line as `encodeMessage` writes it: a link may cause thousands of them, and each is long. */
export function keyOfMessage(line: string): string {
  return HEAD.exec(line)?.[1] ?? userKeyOf(JSON.parse(line) as Event);
}

/** A key with an escape is left to the parser. */
const HEAD = /^\{"ts":\d+,"type":"[^"\\]+","id":"[^"\\]+","userId":"([^"\\]+)"/;

export function encodeMessage(message: Message, numbered: Numbered): string {
  const head = { type: `${RESERVED_PREFIX}${message.kind}`, id: idOfMessage(numbered), userId: message.to };
  switch (message.kind) {
    case 'link': {
      const { ts, receivedAt, ...said } = message.link;
      return encodeEvent({ ...head, ts, receivedAt, source: 'tributary', properties: { [SAID]: said } });
    }
    case 'unlink': {
      const { kind: _kind, to: _to, receivedAt, ...said } = message;
      return encodeEvent({ ...head, ts: receivedAt, receivedAt, source: 'tributary', properties: { [SAID]: said } });
    }
    case 'withdraw': {
      const { kind: _kind, to: _to, receivedAt, ...said } = message;
      return encodeEvent({ ...head, ts: receivedAt, receivedAt, source: 'tributary', properties: { [SAID]: said } });
    }
    case 'put': {
      const { item, version } = message;
      const { id, path } = item;
      const event = JSON.parse(item.line) as Event;
      const { type, userId } = event;
      const said = { id, type, ...(userId !== undefined && { userId }), path, version };
      return encodeEvent({ ...event, ...head, properties: { ...event.properties, [SAID]: said } });
    }
    case 'take': {
      const { item, version } = message;
      const { id, ts, path } = item;
      const { receivedAt } = JSON.parse(item.line) as Event;
      return encodeEvent({
        ...head,
        ts,
        receivedAt,
        source: 'tributary',
        properties: { [SAID]: { id, path, version } },
      });
    }
  }
}

interface SaidOfItem {
  readonly id: string;
  readonly type: string;
  readonly userId?: string;
  readonly path: readonly string[];
  readonly version: string;
}

/** The message that an event of such a type is. */
export function messageOf(event: Event): Message {
  const { type, ts, receivedAt, properties } = event;
  const to = userKeyOf(event);
  const said = (properties as Readonly<Record<string, unknown>>)[SAID];
  const kind = type.slice(RESERVED_PREFIX.length) as Message['kind'];
  switch (kind) {
    case 'link': {
      const link = said as Omit<Link, 'ts' | 'receivedAt'>;
      return { kind, to, link: { ...link, ts, receivedAt } };
    }
    case 'unlink':
      return { kind, to, receivedAt, ...(said as Omit<Undoing, 'receivedAt'> & { readonly from: string }) };
    case 'withdraw':
      return { kind, to, receivedAt, ...(said as Omit<Withdrawal, 'receivedAt'>) };
    default:
      return itemMessageOf(kind, to, event, said as SaidOfItem);
  }
}

function itemMessageOf(kind: 'put' | 'take', to: string, event: Event, said: SaidOfItem): ItemMessage {
  const { id, path, version } = said;
  const item: Item = {
    origin: path[0] as string,
    id,
    ts: event.ts,
    isKnown: true,
    path,
    // What takes an item back may be passed on, and has nothing else of it.
    line: kind === 'put' ? lentLine(event, said) : JSON.stringify({ receivedAt: event.receivedAt }),
  };
  return { kind, to, item, version };
}

/** The event as its origin got it. */
function lentLine(event: Event, { id, type, userId }: SaidOfItem): string {
  const { userId: _to, properties, ...rest } = event;
  const { [SAID]: _said, ...own } = properties as Readonly<Record<string, unknown>>;
  return encodeEvent({
    ...rest,
    id,
    type,
    ...(userId !== undefined && { userId }),
    ...(Object.keys(own).length > 0 && { properties: own }),
  });
}
