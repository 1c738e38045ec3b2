/** Names as they are in keys of rows, which are joined by tabs. */
import { NONE, OTHER } from './channels/channel.ts';
import { CONTROL } from './event-fields.ts';

/** `most`: code points, as SQL counts them. A longer one, or one with a control character, has no rows of its own. */
export function rowName(value: unknown, most: number): string {
  if (typeof value !== 'string' || value === '') return NONE;
  return CONTROL.test(value) || isLonger(value, most) ? OTHER : value;
}

function isLonger(text: string, most: number): boolean {
  return text.length > most && (text.length > 2 * most || [...text].length > most);
}
