/** What may be shown of a rejected event: names of fields and kinds of values, and no value that could be about a person. */
import { type Place, pathOf, type Rule } from '@tributary/model/refusal';

/** Fields whose value is the name of something, where it reads like one. */
const NAMES: ReadonlySet<string> = new Set(['type', 'event', 'currency']);
const NAME_LIKE = /^[$A-Za-z][A-Za-z_$ :.-]{0,63}$/;
const FIELD_LIKE = /^[$A-Za-z_][\w$.-]{0,63}$/;
/** A number this long could name a person: a phone, a customer. */
const LONG_NUMBER = /\d{5}/;
const MAX_DEPTH = 5;
/** Fields on all levels together. */
const MAX_FIELDS = 60;

/** The form of any JSON value; `string(12)` is a text of 12 characters. Bounded whatever is given. */
export function sampleOf(item: unknown): unknown {
  let left = MAX_FIELDS;
  return formOf(item, 0);

  function formOf(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return `string(${value.length})`;
    if (value === null || typeof value !== 'object') return value === null ? null : typeof value;
    if (Array.isArray(value))
      return depth < MAX_DEPTH && value.length > 0 ? [formOf(value[0], depth + 1), `${value.length} in all`] : [];
    if (depth >= MAX_DEPTH) return 'object';
    const form = new Map<string, unknown>();
    // Object.entries would copy all of them first.
    for (const field in value) {
      if (left-- <= 0) break;
      const inner = (value as Record<string, unknown>)[field];
      const isName = depth === 0 && NAMES.has(field) && typeof inner === 'string' && NAME_LIKE.test(inner);
      form.set(isPlain(field) ? field : '(field)', isName ? inner : formOf(inner, depth + 1));
    }
    return Object.fromEntries(form);
  }
}

function isPlain(field: string): boolean {
  return FIELD_LIKE.test(field) && !LONG_NUMBER.test(field);
}

/** The rule that was broken. The value is not in it: a refusal has both apart. Names on the way to a place are left out where they do not read like one. */
export function ruleText({ field, must }: Rule): string {
  return `${typeof field === 'string' ? field : pathOf(shownPlace(field))} must ${must}`;
}

/** The first name is ours. Behind one that is left out nothing is shown: what it holds may be named by people as well. */
function shownPlace(place: Place): Place {
  const end = place.findIndex((step, i) => i > 0 && typeof step === 'string' && !isPlain(step));
  return end < 0 ? place : [...place.slice(0, end), '(field)'];
}
