/** What may be shown of a rejected event: names of fields and kinds of values, and no value that could be about a person. */

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

/** What is looked through, and copied: a part of a text keeps the whole of it in memory. */
const READ_LENGTH = 500;
const SHOWN_LENGTH = 200;

/** A message without what it quotes: our messages end with what they got, and put texts in quotes. */
export function withoutValues(message: string): string {
  const [said = ''] = plainPath(message)
    .slice(0, READ_LENGTH)
    .split(/ \(got |: /, 1);
  return said
    .replace(/"(?:\\.|[^"\\])*"?/g, '"…"')
    .replace(/\S+/g, (word) => (/@|\d{5}/.test(word) ? '…' : word))
    .slice(0, SHOWN_LENGTH);
}

/** What is said of a place in an event comes after it; the place has the names that the sender gave. */
const SAID = [' holds a lone ', ' has a key with ', ' is a number beyond ', ' reads as ', ' nests deeper ', ' holds the key '];
const SAID_LENGTH = 200;
const PATH_LENGTH = 100;

/** The message, with the names on the way to a place as a sample shows them. */
function plainPath(message: string): string {
  if (!/^(?:event|properties|context)[.[]/.test(message)) return message;
  const tail = message.slice(-SAID_LENGTH);
  const from = Math.max(...SAID.map((said) => tail.lastIndexOf(said)));
  if (from < 0) return message;
  const length = message.length - tail.length + from;
  const path = message.slice(0, Math.min(length, PATH_LENGTH + 1));
  const names = path.split('.').map((name) => name.replace(/(?:\[\d+\])+$/, ''));
  // A name may hold dots: where one does not read like a field, its neighbours may be parts of it.
  if (path.length <= PATH_LENGTH && names.every(isPlain)) return path + tail.slice(from);
  const root = /^event\.properties(?=[.[])|^\w+/.exec(path)?.[0];
  return `${root}.(field)${tail.slice(from)}`;
}
