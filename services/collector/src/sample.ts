/** What may be shown of a rejected event: names of fields and kinds of values, and no value that could be about a person. */

/** Fields whose value is the name of something, where it reads like one. */
const NAMES: ReadonlySet<string> = new Set(['type', 'event', 'currency']);
const NAME_LIKE = /^[$A-Za-z][A-Za-z_$ :.-]{0,63}$/;
const FIELD_LIKE = /^[$A-Za-z_][\w$.-]{0,63}$/;
/** Of a number that could name somebody: a phone, a customer. */
const LONG_NUMBER = /\d{5}/;
const MAX_DEPTH = 5;
/** Of all levels together. */
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
    for (const [field, inner] of Object.entries(value)) {
      if (left-- <= 0) break;
      const isName = depth === 0 && NAMES.has(field) && typeof inner === 'string' && NAME_LIKE.test(inner);
      form.set(isPlain(field) ? field : '(field)', isName ? inner : formOf(inner, depth + 1));
    }
    return Object.fromEntries(form);
  }
}

function isPlain(field: string): boolean {
  return FIELD_LIKE.test(field) && !LONG_NUMBER.test(field);
}

const SHOWN_LENGTH = 200;

/** A message without what it quotes: our messages end with what they got, and put texts in quotes. */
export function withoutValues(message: string): string {
  const [said = ''] = message.split(/,? \(?\bgot\b|: /, 1);
  return said
    .replace(/"(?:\\.|[^"\\])*"?/g, '"…"')
    .replace(/\S+/g, (word) => (/@|\d{5}/.test(word) ? '…' : word))
    .slice(0, SHOWN_LENGTH);
}
