/**
 * The structural check of an event, for the collector's front door and for every record read back from the log (a
 * foreign producer may write there too). The speed layer runs it for each event: 0.3 µs.
 */
import { isCurrencyCode, noCurrency } from './currency.ts';
import type { ErrorCode } from './errors.ts';
import type { Event } from './event.ts';
import { FIELD_ROWS, type Field, type FieldRow, fieldsWith, MAX_AMOUNT_MINOR } from './event-fields.ts';
import { isObject } from './json.ts';
import { DAY_MS, MAX_INSTANT_MS } from './time.ts';

/** Messages name keys of what was sent, which may be as long as a request, and each dead letter keeps its message. */
const MESSAGE_CHARACTERS = 1_024;

export interface Invalid {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly message: string;
}
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
    return invalid('invalid_json', `an event must be a JSON object (got ${describe(value)})`);
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
    return invalid('missing_user', 'the event has neither userId nor anonymousId');
  if ((e['ts'] as number) > (e['receivedAt'] as number) + EVENT_BOUNDS.futureMs)
    return invalid(
      'ts_in_future',
      `ts must be at most 24 h ahead of its receipt (got ${instantOf(e['ts'])}, received at ${instantOf(e['receivedAt'])})`,
    );
  return { ok: true, event: e as unknown as Event };
}

function instantOf(ms: unknown): string {
  return new Date(ms as number).toISOString();
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
  if (message.length <= MESSAGE_CHARACTERS) return { ok: false, code, message };
  return { ok: false, code, message: `${message.slice(0, MESSAGE_CHARACTERS - 1).toWellFormed()}…` };
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
        typeof value === 'string' && isCurrencyCode(value)
          ? undefined
          : invalid('invalid_field', noCurrency(describe(value), field));
    case 'flag':
      return (value) =>
        value === true ? undefined : invalid('invalid_field', `${field} must be true or absent (got ${describe(value)})`);
    case 'object':
      return (value) =>
        isObject(value) ? undefined : invalid('invalid_field', `${field} must be an object (got ${describe(value)})`);
  }
}

const CHECKED: ReadonlyMap<string, { readonly check: Check; readonly isRequired: boolean }> = new Map(
  FIELD_ROWS.map(([field, row]) => [field, { check: checkOf(field, row), isRequired: row.required === true }]),
);

const REQUIRED = fieldsWith({ required: true });

function missing(e: Readonly<Record<string, unknown>>): Invalid {
  return invalid('missing_field', `the field ${REQUIRED.find((field) => e[field] === undefined)} is missing`);
}

function instant(value: unknown, field: Field): Invalid | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= MAX_INSTANT_MS
    ? undefined
    : invalid('invalid_field', `${field} must be whole epoch milliseconds from 0 to ${MAX_INSTANT_MS} (got ${describe(value)})`);
}

function text(value: unknown, field: Field, maxLength: number, plain: boolean): Invalid | undefined {
  if (typeof value !== 'string') return invalid('invalid_field', `${field} must be a string (got ${describe(value)})`);
  if (value.length === 0 || value.length > maxLength)
    return invalid('invalid_field', `${field} must have 1 to ${maxLength} characters (got ${value.length})`);
  if (plain) return undefined;
  if (CONTROL.test(value)) return invalid('invalid_field', `${field} holds a control character: ${describe(value)}`);
  if (!value.isWellFormed()) return invalid('invalid_field', `${field} holds a lone surrogate: not valid Unicode`);
  return undefined;
}

/** Ids order ties, and UTF-16 (JavaScript) and UTF-8 (SQL) order agree on ASCII only; `"` and `\\` would be escaped in the line. */
function plainAscii(value: string, field: Field): Invalid | undefined {
  return PLAIN_ASCII.test(value)
    ? undefined
    : invalid(
        'invalid_field',
        `${field} must have printable ASCII characters without quote and backslash (got ${describe(value)})`,
      );
}

const PLAIN_ASCII = /^[ !#-[\]-~]*$/;

function free(value: string, field: Field, taken: ReadonlySet<string>): Invalid | undefined {
  return taken.has(value)
    ? invalid('invalid_field', `${field} ${describe(value)} is a name that reports use for what is no ${field}: choose another`)
    : undefined;
}

function amount(value: unknown, field: Field, { unit, min, max }: Extract<FieldRow, { type: 'amount' }>): Invalid | undefined {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
    ? undefined
    : invalid('invalid_field', `${field} must be an integer in ${unit} from ${min} to ${max} (got ${describe(value)})`);
}

/** C0 controls and DEL: row keys are joined by tabs and lines end at newlines, so dimensions may hold neither. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
const CONTROL = /[\u0000-\u001f\u007f]/;

/** A value as an error message shows it: JSON, cut to 60 characters. Never throws. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  const shown = jsonOf(value) ?? String(value);
  return shown.length > 60 ? `${shown.slice(0, 60)}…` : shown;
}

/** JSON.parse reads any depth, JSON.stringify overflows the stack. */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return 'a value nested too deep to show';
  }
}
