/** Some events of an import to ask the platform about, before any is sent. */
import { PLAIN_FIELDS } from '@tributary/model/event-fields';
import type { ImportEvent } from './import-event.ts';

/** Forms of events that are asked about: which fields they have, and their type. */
const MAX_FORMS = 10;

export interface Sample {
  /** The oldest and the newest of each form: what an option or a column changes may be in one form alone, and a file may have grown. */
  readonly events: readonly ImportEvent[];
  /** The ids of all events so far. */
  readonly ids: ReadonlySet<string>;
}

export interface Sampling extends Sample {
  add(event: ImportEvent): void;
}

export function createSample(): Sampling {
  const ends = new Map<string, { readonly oldest: ImportEvent; readonly newest: ImportEvent }>();
  const ids = new Set<string>();
  return {
    add(event) {
      ids.add(event.id);
      const form = [event.type, ...PLAIN_FIELDS.filter((field) => event[field] !== undefined)].join();
      if (!ends.has(form) && ends.size === MAX_FORMS) return;
      const { oldest, newest } = ends.get(form) ?? { oldest: event, newest: event };
      ends.set(form, { oldest: event.ts < oldest.ts ? event : oldest, newest: event.ts > newest.ts ? event : newest });
    },
    get events() {
      return [...new Set([...ends.values()].flatMap(({ oldest, newest }) => [oldest, newest]))];
    },
    ids,
  };
}
