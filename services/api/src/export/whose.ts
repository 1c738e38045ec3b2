/** Whose a stored text is. Nothing of another user may leave with an export, so a text that merely names the user is not one of theirs. */
import { messageIn } from '@tributary/log/kafka/undecodable-line';
import { isObject } from '@tributary/model/reading/json';

/**
 * `own`: it says that it is of this user. `named`: it is of another one, or of none, and holds the key as a whole text. `text`: it cannot be
 * read, and the key is somewhere in it.
 */
export type Whose = 'own' | 'named' | 'text';

/** null: the key is not in it. */
export function whoseText(text: string, userKey: string): Whose | null {
  const quoted = JSON.stringify(userKey).slice(1, -1);
  // Written otherwise than we write it, a key has escapes, or is within bytes.
  if (!text.includes(quoted) && !text.includes(userKey) && !text.includes('\\') && !text.includes('"base64"')) return null;
  const value = jsonOf(text);
  if (value === undefined) return text.includes(quoted) || text.includes(userKey) ? 'text' : null;
  const message = messageIn(text);
  if (message === null) return whoseValue(value, userKey);
  // A message of another producer, kept as it was.
  const inner = jsonOf(message.value?.toString() ?? '');
  const user = userIn(inner) ?? message.headers?.get('ce_userid') ?? message.key;
  if (user === userKey) return 'own';
  if (inner !== undefined && holds(inner, userKey)) return 'named';
  if (holds(value, userKey)) return 'named';
  return inner === undefined && message.value?.includes(userKey) ? 'text' : null;
}

function whoseValue(value: unknown, userKey: string): Whose | null {
  if (userIn(value) === userKey) return 'own';
  if (isObject(value) && typeof value['base64'] === 'string' && Buffer.from(value['base64'], 'base64').includes(userKey))
    return 'text';
  return holds(value, userKey) ? 'named' : null;
}

/** Outputs name the key itself. */
function userIn(value: unknown): string | undefined {
  if (!isObject(value)) return undefined;
  const user = value['userKey'] ?? value['userId'] ?? value['userid'] ?? value['anonymousId'];
  return typeof user === 'string' ? user : undefined;
}

/** Any depth: what was parked may nest as deep as it likes. */
function holds(value: unknown, userKey: string): boolean {
  const left: unknown[] = [value];
  while (left.length > 0) {
    const one = left.pop();
    if (one === userKey) return true;
    if (typeof one !== 'object' || one === null) continue;
    if (Object.hasOwn(one, userKey)) return true;
    for (const inner of Object.values(one)) left.push(inner);
  }
  return false;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
