/** JSON bodies: parsed, and refused when they hold what no request needs (poisoned prototypes, lone surrogates, 2^53+1). */
import { TributaryError } from '@tributary/model/errors';
import { validateProperties } from '@tributary/model/validate-event';

export function parseJsonBody(text: string): unknown {
  if (text === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TributaryError('invalid_json', `the body is not JSON: ${(cause as Error).message}`, { cause });
  }
  const bad = validateProperties(value, 'body');
  if (bad !== undefined) throw new TributaryError(bad.code, bad.message);
  return value;
}
