/**
 * Why a value is refused, in one form: `FIELD must RULE (got VALUE). FIX.` The rule stands apart from the value, so that it can be listed
 * where values may not be shown.
 */
import type { ErrorCode } from './errors.ts';

/** The way to a value through what was sent; all names after the first are the sender's. */
export type Place = readonly (string | number)[];

/** What holds for a value. Nothing in it was sent, but the names of a place. */
export interface Rule {
  readonly field: string | Place;
  /** Completes `FIELD must …`. */
  readonly must: string;
}

export interface Refusal extends Rule {
  /** The value, as its sender may see it. */
  readonly got: string;
  /** A sentence without its period, where the fix of the error code does not say it. */
  readonly fix?: string;
}

export interface Invalid extends Rule {
  readonly ok: false;
  readonly code: ErrorCode;
  /** For the sender: the whole sentence, with the value. */
  readonly message: string;
}

/** Messages name keys of what was sent, which may be as long as a request, and each dead letter keeps its message. */
const MESSAGE_CHARACTERS = 1_024;

/** The sentence of a refusal. */
export function refusalText({ field, must, got, fix }: Refusal): string {
  const sentence = `${typeof field === 'string' ? field : pathOf(field)} must ${must} (got ${got})`;
  return fix === undefined ? sentence : `${sentence}. ${fix}.`;
}

export function invalid(code: ErrorCode, refusal: Refusal): Invalid {
  return withMessage(code, refusalText(refusal), refusal);
}

/** What was read before and refused, in the words of that time. */
export function refusedBefore(code: ErrorCode, message: string): Invalid {
  return withMessage(code, message, { field: 'the record', must: 'be an event' });
}

function withMessage(code: ErrorCode, message: string, { field, must }: Rule): Invalid {
  if (message.length <= MESSAGE_CHARACTERS) return { ok: false, code, message, field, must };
  return { ok: false, code, message: `${message.slice(0, MESSAGE_CHARACTERS - 1).toWellFormed()}…`, field, must };
}

/** `properties.items[0].price` */
export function pathOf(place: Place): string {
  return place.map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`)).join('');
}

/** A value as a message shows it: JSON, cut to 60 characters. Never throws. */
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
