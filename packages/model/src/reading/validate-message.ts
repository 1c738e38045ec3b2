/**
 * Whether an event of a reserved type is a message that a partition could have sent: who writes to the log by other ways than a collector may write
 * anything. Both layers park the others, as they park what is not an event.
 */
import type { Event } from '../event.ts';
import { isKey } from '../event-fields.ts';
import { MAX_HOPS } from '../identity/adoption.ts';
import { isMessageType, SAID } from '../identity/message-line.ts';
import { describe, type Invalid, invalid } from '../refusal.ts';
import { isObject } from './json.ts';
import { validateEvent } from './validate-event.ts';

/** From which partition, its number, and the one before it. */
const ID = /^(\d{1,9})\/([\d-]{1,40}\.\d{7}\.\d{7})\/((?:[\d-]{1,40}\.\d{7}\.\d{7})?)$/;
/** A place in the log. */
const VERSION = /^[\x21-\x7e]{1,128}$/;
const DIGEST = /^[0-9a-f]{32,64}$/;
/** What a link is called after the key that it leads to. */
const NAME = /^(at [\x20-\x7e]{1,128}|hour \d{1,10})$/;

type Said = Readonly<Record<string, unknown>>;
type Rule = readonly [name: string, must: string, holds: (value: unknown, said: Said) => boolean];

const INSTANT = ['be an instant in epoch ms, or absent', (value: unknown) => value === undefined || isInstant(value)] as const;
const FLOOR: Rule = ['floor', ...INSTANT];

const RULES: Readonly<Record<string, readonly Rule[]>> = {
  'tributary.link': [
    ['to', 'be the key of a user', isKey],
    ['id', 'be the key that the link leads to, and a name', isLinkName],
    ['merges', 'be true or absent', (value) => value === undefined || value === true],
    FLOOR,
    ['held', ...INSTANT],
  ],
  'tributary.unlink': [['from', 'be the key of a user', isKey], FLOOR],
  'tributary.withdraw': [
    ['of', 'be the digest of a key', isDigest],
    ['by', 'be the digest of a key', isDigest],
    ['erasure', 'be a place in the log', isVersion],
    [
      'hops',
      `be an integer from 1 to ${MAX_HOPS}`,
      (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_HOPS,
    ],
  ],
  'tributary.put': [['path', `have 1 to ${MAX_HOPS} keys, each once`, isPath]],
  'tributary.take': [['path', `have 1 to ${MAX_HOPS} keys, each once`, isPath]],
};

function isLinkName(value: unknown, { to }: Said): boolean {
  return typeof value === 'string' && value.startsWith(`${String(to)}\n`) && NAME.test(value.slice(String(to).length + 1));
}

function isInstant(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isDigest(value: unknown): boolean {
  return typeof value === 'string' && DIGEST.test(value);
}

function isPath(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length >= 1 &&
    value.length <= MAX_HOPS &&
    value.every(isKey) &&
    new Set(value).size === value.length
  );
}

/** `event`: a valid one of such a type. */
export function validateMessage(event: Event, partitions: number): Invalid | undefined {
  const { id, type, userId, properties } = event;
  const [, from, number = '', after = ''] = ID.exec(id) ?? [];
  if (!(Number(from) < partitions && after < number))
    return refused(['id'], `be the number of a partition, below ${partitions}, and that of a message`, id);
  if (userId === undefined) return refused(['userId'], 'be the key that the message goes to', userId);
  const said = properties?.[SAID];
  if (!isObject(said)) return refused(['properties', SAID], 'be an object', said);
  const rules: readonly Rule[] = [...(RULES[type] ?? []), ['version', 'be a place in the log', isVersion]];
  for (const [name, must, holds] of rules)
    if (!holds(said[name], said)) return refused(['properties', SAID, name], must, said[name]);
  return type === 'tributary.put' || type === 'tributary.take' ? validateItem(event, said) : undefined;
}

/** An event of such a type that nothing but an erasure says: the key, and when. Both layers park the others. */
export function validateErasure({ userId, anonymousId, properties, source }: Event): Invalid | undefined {
  if (userId === undefined) return refused(['userId'], 'be the key of the user who is erased', userId);
  if (anonymousId !== undefined) return refused(['anonymousId'], 'be absent in an erasure', anonymousId);
  if (properties !== undefined) return refused(['properties'], 'be absent in an erasure', properties);
  return source === 'tributary' ? undefined : refused(['source'], 'be "tributary" in an erasure', source);
}

function isVersion(value: unknown): boolean {
  return typeof value === 'string' && VERSION.test(value);
}

/** What is lent is an event by itself, as it was sent. */
function validateItem(event: Event, said: Said): Invalid | undefined {
  const { type, userId } = event;
  if ((said['path'] as readonly unknown[]).includes(userId))
    return refused(['properties', SAID, 'path'], 'not have the key that the message goes to', userId);
  const sent = { ...event, id: said['id'], ...(type === 'tributary.put' && { type: said['type'], userId: said['userId'] }) };
  const validated = validateEvent(sent);
  if (!validated.ok) return validated;
  if (said['id'] === undefined) return refused(['properties', SAID, 'id'], 'be the id of an event', said['id']);
  if (type === 'tributary.put' && (said['type'] === undefined || isMessageType(validated.event.type)))
    return refused(['properties', SAID, 'type'], 'be the type of an event', said['type']);
  return undefined;
}

function refused(field: readonly string[], must: string, got: unknown): Invalid {
  return invalid('undecodable_record', { field, must, got: describe(got) });
}
