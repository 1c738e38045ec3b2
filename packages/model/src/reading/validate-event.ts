/**
 * The structural check of an event, for the collector's front door and for every record read back from the log (a
 * foreign producer may write there too). The speed layer runs it for each event: 0.3 µs.
 */
import { isCurrencyCode, noCurrency } from '../amounts/currency.ts';
import type { ErrorCode } from '../errors.ts';
import type { Event } from '../event.ts';
import { CONTROL, FIELD_ROWS, type Field, type FieldRow, fieldsWith, MAX_AMOUNT_MINOR } from '../event-fields.ts';
import { describe, type Invalid, invalid, type Refusal } from '../refusal.ts';
import { DAY_MS, MAX_INSTANT_MS } from '../time.ts';
import { isObject } from './json.ts';

export type Validated = { readonly ok: true; readonly event: Event } | Invalid;

/** Bounds of one event; those of single fields stand in their rows. */
export const EVENT_BOUNDS = {
  amountMinor: MAX_AMOUNT_MINOR,
  propertyDepth: 8,
  futureMs: DAY_MS,
} as const;

/**
 * Checks every field but the inside of `properties` (see `validateProperties`). Never throws.
 * `plain`: the JSON text held no escape and no DEL, so that no string in it can hold a control character or a lone surrogate.
 */
export function validateEvent(value: unknown, plain = false): Validated {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return invalid('invalid_json', { field: 'an event', must: 'be a JSON object', got: describe(value) });
  const e = value as Record<string, unknown>;

  let required = 0;
  // Over what is there: to look for each field that may be there takes longer.
  for (const name in e) {
    const field = CHECKED.get(name);
    const given = e[name];
    if (field === undefined || given === undefined) continue;
    const bad = field.check(given, plain);
    if (bad !== undefined) return bad;
    if (field.isRequired) required += 1;
  }
  if (required < REQUIRED.length) return missing(e);
  if (e['userId'] === undefined && e['anonymousId'] === undefined)
    return invalid('missing_user', { field: 'userId or anonymousId', must: 'name the user of the event', got: 'neither' });
  if ((e['ts'] as number) > (e['receivedAt'] as number) + EVENT_BOUNDS.futureMs)
    return invalid('ts_in_future', {
      field: 'ts',
      must: 'be at most 24 h ahead of its receipt',
      got: `${instantOf(e['ts'])}, received at ${instantOf(e['receivedAt'])}`,
    });
  return { ok: true, event: e as unknown as Event };
}

function instantOf(ms: unknown): string {
  return new Date(ms as number).toISOString();
}

/** Walks free-form JSON: forbidden keys, depth, lone surrogates, integers beyond 2^53. Undefined when all is well. */
export function validateProperties(value: unknown, name = 'properties', depth = 0): Invalid | undefined {
  const bad = badIn(value, depth);
  if (bad === undefined) return undefined;
  return invalid(bad.code, { ...bad, field: [name, ...bad.way.reverse()] });
}

/** `way`: from the value outwards, as steps are added on the way back. */
type Bad = Omit<Refusal, 'field'> & { readonly code: ErrorCode; readonly way: (string | number)[] };

function badIn(value: unknown, depth: number): Bad | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : badFor('invalid_field', UNICODE);
  if (typeof value === 'number') return badNumber(value);
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth >= EVENT_BOUNDS.propertyDepth) return badFor('too_deep', { must: NEST_LESS, got: 'more' });
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const found = badIn(value[i], depth + 1);
      if (found !== undefined) return within(i, found);
    }
    return undefined;
  }
  for (const key of Object.keys(value)) {
    if (key === '__proto__' || key === 'constructor' || key === 'prototype')
      return badFor('forbidden_key', { must: 'have no key __proto__, constructor or prototype', got: JSON.stringify(key) });
    if (!key.isWellFormed())
      return badFor('invalid_field', { must: 'have keys of valid Unicode', got: 'one with a lone surrogate' });
    const found = badIn((value as Record<string, unknown>)[key], depth + 1);
    if (found !== undefined) return within(key, found);
  }
  return undefined;
}

/**
 * Why the properties of an event nest deeper than both layers read them; undefined where they do not. `line`: its canonical line. What comes in is
 * checked where it stands in its format, which may be above where it is stored.
 */
export function tooDeep({ properties }: Event, line: string): Invalid | undefined {
  if (properties === undefined || !mayBeDeep(line) || !isDeeperThan(properties, EVENT_BOUNDS.propertyDepth)) return undefined;
  return invalid('too_deep', { field: 'properties', must: NEST_LESS, got: 'more' });
}

/** Whether the line opens more levels than are allowed, side by side or within each other: cheaper than looking into every property. */
function mayBeDeep(line: string): boolean {
  let opened = 0;
  for (const bracket of ['{', '['])
    for (let at = line.indexOf(bracket, 1); at >= 0; at = line.indexOf(bracket, at + 1))
      if (++opened > EVENT_BOUNDS.propertyDepth) return true;
  return false;
}

/** JSON.parse reads any depth; writing it again overflows the stack. */
function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(inner, levels - 1));
}

const UNICODE = { must: 'be valid Unicode', got: 'a lone surrogate' };
const NEST_LESS = `nest at most ${EVENT_BOUNDS.propertyDepth} levels`;

function badNumber(value: number): Bad | undefined {
  // JSON has no infinity, but 1e999 reads as one, and would be written as null.
  if (!Number.isFinite(value))
    return badFor('invalid_field', { must: 'be a number that JSON readers can hold', got: String(value) });
  if (!Number.isInteger(value) || Number.isSafeInteger(value)) return undefined;
  return badFor('invalid_field', {
    must: 'be an integer below 2^53, as readers of JSON take larger ones for others',
    got: `one that reads as ${value}`,
    fix: 'Send an identifier as a string; amounts stay far below',
  });
}

function badFor(code: ErrorCode, reason: Omit<Refusal, 'field'>): Bad {
  return { code, ...reason, way: [] };
}

function within(step: string | number, found: Bad): Bad {
  found.way.push(step);
  return found;
}

/** What is wrong with a value that is there; undefined when all is well. */
type Check = (value: unknown, plain: boolean) => Invalid | undefined;

function checkOf(field: Field, row: FieldRow): Check {
  switch (row.type) {
    case 'instant':
      return (value) => instant(value, field);
    case 'text': {
      const { maxLength, ascii, reserved } = row;
      if (ascii === true) return (value, plain) => text(value, field, maxLength, plain) ?? plainAscii(value as string, field);
      if (reserved === undefined) return (value, plain) => text(value, field, maxLength, plain);
      const taken = new Set(reserved);
      return (value, plain) => text(value, field, maxLength, plain) ?? free(value as string, field, taken);
    }
    case 'amount':
      return (value) => amount(value, field, row);
    case 'currency':
      return (value) =>
        typeof value === 'string' && isCurrencyCode(value) ? undefined : invalid('invalid_field', noCurrency(value, field));
    case 'flag':
      return (value) =>
        value === true ? undefined : invalid('invalid_field', { field, must: 'be true or absent', got: describe(value) });
    case 'object':
      return (value) =>
        isObject(value) ? undefined : invalid('invalid_field', { field, must: 'be an object', got: describe(value) });
  }
}

const CHECKED: ReadonlyMap<string, { readonly check: Check; readonly isRequired: boolean }> = new Map(
  FIELD_ROWS.map(([field, row]) => [field, { check: checkOf(field, row), isRequired: row.required === true }]),
);

const REQUIRED = fieldsWith({ required: true });

function missing(e: Readonly<Record<string, unknown>>): Invalid {
  const field = REQUIRED.find((name) => e[name] === undefined) ?? 'a field';
  return invalid('missing_field', { field, must: 'be given', got: 'nothing' });
}

function instant(value: unknown, field: Field): Invalid | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= MAX_INSTANT_MS
    ? undefined
    : invalid('invalid_field', { field, must: `be whole epoch milliseconds from 0 to ${MAX_INSTANT_MS}`, got: describe(value) });
}

function text(value: unknown, field: Field, maxLength: number, plain: boolean): Invalid | undefined {
  if (typeof value !== 'string') return invalid('invalid_field', { field, must: 'be a string', got: describe(value) });
  if (value.length === 0 || value.length > maxLength)
    return invalid('invalid_field', { field, must: `have 1 to ${maxLength} characters`, got: String(value.length) });
  if (plain) return undefined;
  if (CONTROL.test(value)) return invalid('invalid_field', { field, must: 'hold no control character', got: describe(value) });
  if (!value.isWellFormed()) return invalid('invalid_field', { field, ...UNICODE });
  return undefined;
}

/** Ids order ties, and UTF-16 (JavaScript) and UTF-8 (SQL) order agree on ASCII only; `"` and `\\` would be escaped in the line. */
function plainAscii(value: string, field: Field): Invalid | undefined {
  return PLAIN_ASCII.test(value)
    ? undefined
    : invalid('invalid_field', {
        field,
        must: 'have printable ASCII characters without quote and backslash',
        got: describe(value),
      });
}

const PLAIN_ASCII = /^[ !#-[\]-~]*$/;

function free(value: string, field: Field, taken: ReadonlySet<string>): Invalid | undefined {
  return taken.has(value)
    ? invalid('invalid_field', {
        field,
        must: `be none of ${[...taken].join(', ')}, which reports use for something else`,
        got: describe(value),
      })
    : undefined;
}

function amount(value: unknown, field: Field, { unit, min, max }: Extract<FieldRow, { type: 'amount' }>): Invalid | undefined {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
    ? undefined
    : invalid('invalid_field', { field, must: `be an integer in ${unit} from ${min} to ${max}`, got: describe(value) });
}
