/**
 * Characters that steer what shows a name, and are never part of one: C1 controls (a terminal takes U+009B for the start of
 * a command), line and paragraph separators, marks that turn the direction of a line around, byte order marks. Refused
 * where events are written; readers of the log take them, because older events hold them.
 */
import type { Event } from '@tributary/model/event';
import { fieldsWith } from '@tributary/model/event-fields';
import { type Invalid, invalid } from '@tributary/model/refusal';

const HIDDEN = /[\u0080-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/;

const NAMES = fieldsWith({ type: 'text' });

/** Which name holds one; undefined when none does. `line`: of the event, looked through first because it seldom holds any. */
export function hiddenControl(event: Event, line: string): Invalid | undefined {
  if (!HIDDEN.test(line)) return undefined;
  for (const field of NAMES) {
    const code = HIDDEN.exec(event[field] ?? '')?.[0].charCodeAt(0);
    if (code !== undefined)
      return invalid('invalid_field', { field, must: 'hold no invisible control character', got: `U+${hex(code)}` });
  }
  return undefined;
}

function hex(code: number): string {
  return code.toString(16).toUpperCase().padStart(4, '0');
}
