/**
 * The structural check of an event, for the collector's front door and for every record read back from the log (a
 * foreign producer may write there too). Hand-written because the speed layer runs it for each event: 0.5 µs.
 */
import { isCurrencyCode, noCurrency } from './currency.ts';
import type { ErrorCode } from './errors.ts';
import type { Event } from './event.ts';
import { DAY_MS, MAX_INSTANT_MS } from './time.ts';

export interface Invalid {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly message: string;
}
export type Validated = { readonly ok: true; readonly event: Event } | Invalid;

/** Bounds of one event. Lengths in UTF-16 units, amounts in minor units. */
export const EVENT_BOUNDS = {
  idLength: 128,
  userKeyLength: 256,
  typeLength: 128,
  textLength: 512,
  keyIdLength: 64,
  pageLength: 2048,
  amountMinor: 1_000_000_000_000,
  propertyDepth: 8,
  futureMs: DAY_MS,
} as const;

const OPTIONAL_TEXT = [
  ['channel', EVENT_BOUNDS.textLength],
  ['campaign', EVENT_BOUNDS.textLength],
  ['creative', EVENT_BOUNDS.textLength],
  ['page', EVENT_BOUNDS.pageLength],
  ['element', EVENT_BOUNDS.textLength],
  ['keyId', EVENT_BOUNDS.keyIdLength],
] as const;

/** What reports call the ends of journeys, and what nothing led to. A channel of such a name would be mistaken for it. */
const RESERVED_CHANNELS: ReadonlySet<string> = new Set(['(start)', '(conversion)', '(null)', '(unattributed)']);

/**
 * Checks every field but the inside of `properties` (see `validateProperties`). Never throws.
 * `plain`: the JSON text held no escape and no DEL, so that no string in it can hold a control character or a lone surrogate.
 */
export function validateEvent(value: unknown, plain = false): Validated {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return invalid('invalid_json', `an event is a JSON object, got ${describe(value)}`);
  const e = value as Record<string, unknown>;

  const wrong =
    requiredInstant(e, 'ts') ??
    requiredInstant(e, 'receivedAt') ??
    requiredText(e, 'type', EVENT_BOUNDS.typeLength, plain) ??
    requiredText(e, 'id', EVENT_BOUNDS.idLength, plain) ??
    asciiId(e['id'] as string) ??
    requiredText(e, 'source', EVENT_BOUNDS.textLength, plain) ??
    userKeys(e, plain);
  if (wrong !== undefined) return wrong;

  for (const [field, length] of OPTIONAL_TEXT) {
    if (e[field] === undefined) continue;
    const bad = requiredText(e, field, length, plain);
    if (bad !== undefined) return bad;
    if (field === 'channel' && RESERVED_CHANNELS.has(e[field] as string))
      return invalid(
        'invalid_field',
        `channel ${describe(e[field])} is a name that reports use for what is no channel: choose another`,
      );
  }
  if (e['cost'] !== undefined) {
    const bad = amount(e, 'cost', 0);
    if (bad !== undefined) return bad;
  }
  if (e['value'] !== undefined) {
    const bad = amount(e, 'value', -EVENT_BOUNDS.amountMinor);
    if (bad !== undefined) return bad;
  }
  if (e['currency'] !== undefined && !(typeof e['currency'] === 'string' && isCurrencyCode(e['currency'])))
    return invalid('invalid_field', noCurrency(describe(e['currency'])));
  if (e['historical'] !== undefined && e['historical'] !== true)
    return invalid('invalid_field', `historical is true or absent, got ${describe(e['historical'])}`);
  const properties = e['properties'];
  if (properties !== undefined && (typeof properties !== 'object' || properties === null || Array.isArray(properties)))
    return invalid('invalid_field', `properties is an object, got ${describe(properties)}`);
  if ((e['ts'] as number) > (e['receivedAt'] as number) + EVENT_BOUNDS.futureMs)
    return invalid('ts_in_future', `ts ${e['ts']} is more than 24 h ahead of its receipt at ${e['receivedAt']}`);
  return { ok: true, event: e as unknown as Event };
}

/** Walks free-form JSON: forbidden keys, depth, lone surrogates, integers beyond 2^53. Undefined when all is well. */
export function validateProperties(value: unknown, path = 'properties', depth = 0): Invalid | undefined {
  if (typeof value === 'string') {
    return value.isWellFormed() ? undefined : invalid('invalid_field', `${path} holds a lone surrogate: not valid Unicode`);
  }
  if (typeof value === 'number') {
    // JSON has no infinity, but 1e999 reads as one, and would be written as null.
    if (!Number.isFinite(value)) return invalid('invalid_field', `${path} is a number beyond what JSON readers can hold`);
    return Number.isInteger(value) && !Number.isSafeInteger(value)
      ? invalid(
          'invalid_field',
          `${path} reads as ${value}: integers beyond 2^53 lose digits in JSON; amounts stay far below, identifiers go as strings`,
        )
      : undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth >= EVENT_BOUNDS.propertyDepth)
    return invalid('too_deep', `${path} nests deeper than ${EVENT_BOUNDS.propertyDepth} levels`);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const bad = validateProperties(value[i], `${path}[${i}]`, depth + 1);
      if (bad !== undefined) return bad;
    }
    return undefined;
  }
  for (const key of Object.keys(value)) {
    if (key === '__proto__' || key === 'constructor' || key === 'prototype')
      return invalid('forbidden_key', `${path} holds the key ${JSON.stringify(key)}`);
    if (!key.isWellFormed()) return invalid('invalid_field', `${path} has a key with a lone surrogate: not valid Unicode`);
    const bad = validateProperties((value as Record<string, unknown>)[key], `${path}.${key}`, depth + 1);
    if (bad !== undefined) return bad;
  }
  return undefined;
}

export function invalid(code: ErrorCode, message: string): Invalid {
  return { ok: false, code, message };
}

function requiredInstant(e: Record<string, unknown>, field: 'ts' | 'receivedAt'): Invalid | undefined {
  const value = e[field];
  if (value === undefined) return invalid('missing_field', `the field ${field} is missing`);
  if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > MAX_INSTANT_MS)
    return invalid('invalid_field', `${field} is whole epoch milliseconds from 0 to ${MAX_INSTANT_MS}, got ${describe(value)}`);
  return undefined;
}

function requiredText(e: Record<string, unknown>, field: string, maxLength: number, plain: boolean): Invalid | undefined {
  const value = e[field];
  if (value === undefined) return invalid('missing_field', `the field ${field} is missing`);
  if (typeof value !== 'string') return invalid('invalid_field', `${field} is a string, got ${describe(value)}`);
  if (value.length === 0 || value.length > maxLength)
    return invalid('invalid_field', `${field} has 1 to ${maxLength} characters, got ${value.length}`);
  if (plain) return undefined;
  if (CONTROL.test(value)) return invalid('invalid_field', `${field} holds a control character: ${describe(value)}`);
  if (!value.isWellFormed()) return invalid('invalid_field', `${field} holds a lone surrogate: not valid Unicode`);
  return undefined;
}

/** Ids order ties, and UTF-16 (JavaScript) and UTF-8 (SQL) order agree on ASCII only; `"` and `\\` would be escaped in the line. */
function asciiId(id: string): Invalid | undefined {
  return PLAIN_ASCII.test(id)
    ? undefined
    : invalid('invalid_field', `id has printable ASCII characters without quote and backslash, got ${describe(id)}`);
}

const PLAIN_ASCII = /^[ !#-[\]-~]*$/;

function userKeys(e: Record<string, unknown>, plain: boolean): Invalid | undefined {
  if (e['userId'] === undefined && e['anonymousId'] === undefined)
    return invalid('missing_user', 'the event has neither userId nor anonymousId');
  for (const field of ['userId', 'anonymousId']) {
    if (e[field] === undefined) continue;
    const bad = requiredText(e, field, EVENT_BOUNDS.userKeyLength, plain);
    if (bad !== undefined) return bad;
  }
  return undefined;
}

function amount(e: Record<string, unknown>, field: 'cost' | 'value', least: number): Invalid | undefined {
  const value = e[field];
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= EVENT_BOUNDS.amountMinor
    ? undefined
    : invalid(
        'invalid_field',
        `${field} is an integer in minor units from ${least} to ${EVENT_BOUNDS.amountMinor}, got ${describe(value)}`,
      );
}

/** C0 controls and DEL: row keys are joined by tabs and lines end at newlines, so dimensions may hold neither. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
const CONTROL = /[\u0000-\u001f\u007f]/;

/** A value as an error message shows it: JSON, cut to 60 characters. Never throws. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = jsonOf(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** JSON.parse reads any depth, JSON.stringify overflows the stack. */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return 'a value nested too deep to show';
  }
}
