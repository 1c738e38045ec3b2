/** Whose a record may be that is not an event, by what it says itself: for who has to find records by digests of users. */
import { isObject } from './json.ts';

/** Texts of one record that are looked at: in any order of them a larger one would take seconds. */
const MOST_TEXTS = 10_000;

/**
 * Keys of users that the text may be of. Where it names its user, that one; where it names none, or cannot be read, each text in it: a record of another
 * user that merely names a key is theirs.
 */
export function usersNamed(text: string): readonly string[] {
  const value = jsonOf(text);
  if (value === undefined) return quotedTexts(text);
  if (isObject(value) && typeof value['undecodable'] === 'string') return usersOfMessage(value);
  const user = userIn(value);
  return user === undefined ? textsIn(value) : [user];
}

/** A message of another producer, kept as it was: its value, its key, and what CloudEvents put into headers. */
function usersOfMessage({ value, base64, key, headers }: Readonly<Record<string, unknown>>): readonly string[] {
  const inner = typeof base64 === 'string' ? Buffer.from(base64, 'base64').toString() : typeof value === 'string' ? value : '';
  const read = jsonOf(inner);
  const ofHeaders = userIn(headers, USER_HEADERS);
  const ofValue = userIn(read);
  // In binary mode the value is data, which may name another user than the attributes do.
  const ofAttributes = isObject(headers) && headers['ce_specversion'] !== undefined ? (ofHeaders ?? key) : undefined;
  const users = [...new Set([ofValue ?? ofHeaders ?? userIn(read, ['partitionkey']) ?? key, ofAttributes])].filter(
    (user) => typeof user === 'string',
  );
  // Long ones are kept as text, cut off somewhere: they may name another user than the key does.
  const isCut = typeof headers === 'string' && ofValue === undefined;
  if (users.length > 0 && read !== undefined && !isCut) return users;
  const ofCut = isCut ? quotedTexts(headers) : [];
  return [...users, ...ofCut, ...(read === undefined ? quotedTexts(inner) : textsIn(read))];
}

/** The first that is there says whose it is. */
const USER_FIELDS = ['userKey', 'userId', 'userid', 'anonymousId', 'anonymousid'];

/** The same of attributes of CloudEvents, as headers. */
export const USER_HEADERS: readonly string[] = ['ce_userid', 'ce_anonymousid', 'ce_partitionkey'];

function userIn(value: unknown, fields: readonly string[] = USER_FIELDS): string | undefined {
  if (!isObject(value)) return undefined;
  // An empty one is none: producers send it of who is not signed in.
  const user = fields.map((field) => value[field]).find((one) => one !== undefined && one !== null && one !== '');
  // One that is a number is refused for that.
  return typeof user === 'number' ? String(user) : typeof user === 'string' ? user : undefined;
}

function textsIn(value: unknown): string[] {
  const texts = new Set<string>();
  const left = [value];
  while (left.length > 0 && texts.size < MOST_TEXTS) {
    const one = left.pop();
    if (typeof one === 'string') texts.add(one);
    if (typeof one !== 'object' || one === null) continue;
    if (!Array.isArray(one)) for (const name of Object.keys(one)) texts.add(name);
    for (const inner of Object.values(one)) left.push(inner);
  }
  return [...texts];
}

/** What stands between quotation marks, also within such a text, the end being one: it may be cut off there. */
function quotedTexts(whole: string): string[] {
  const texts = new Set<string>();
  const left = [whole];
  for (let text = left.pop(); text !== undefined; text = left.pop())
    for (const [, quoted = ''] of text.matchAll(/"((?:[^"\\]|\\.)*)(?:"|\\?$)/gs)) {
      if (texts.size >= MOST_TEXTS) return [...texts];
      texts.add(quoted);
      const read = quoted.includes('\\') ? jsonOf(`"${quoted}"`) : quoted;
      if (typeof read !== 'string') continue;
      texts.add(read);
      if (read.includes('"')) left.push(read);
    }
  return [...texts];
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text, digitsOf);
  } catch {
    return undefined;
  }
}

/** A number that is too large to be exact stays as it was written: ids of some services are. */
function digitsOf(_name: string, value: unknown, { source }: { readonly source?: string } = {}): unknown {
  return typeof value === 'number' && !Number.isSafeInteger(value) ? source : value;
}
