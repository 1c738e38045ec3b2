/** What corrections did to the events that an answer shows, in their own words. */
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import type { Event } from '@tributary/model/event';
import { correct } from '@tributary/signals/corrections/correct';

export interface ShownCorrection {
  /** That of the event. */
  readonly id: string;
  readonly name: string;
  readonly author: string;
  readonly reason: string;
}

/** `events`: where several have one id, the first counts. `ids`: those that are shown, in this order. */
export function shownCorrections(events: readonly Event[], ids: readonly string[], definitions: Definitions): ShownCorrection[] {
  if (definitions.corrections.length === 0) return [];
  const byId = new Map<string, Event>();
  for (const event of events) if (!byId.has(event.id)) byId.set(event.id, event);
  return ids.flatMap((id) => {
    const event = byId.get(id);
    const by = event === undefined ? [] : (correct(event, definitions)?.by ?? []);
    return by.map(({ name, author, reason }) => ({ id, name, author, reason }));
  });
}

/** Why an event that a correction dropped is not explained. */
export function droppedConversion(events: readonly Event[], id: string, definitions: Definitions): TributaryError {
  const by = shownCorrections(events, [id], definitions)
    .map(({ name, author, reason }) => `"${name}" of ${author} (${reason})`)
    .join(' and ');
  return new TributaryError('not_found', `the event ${JSON.stringify(id)} does not count: it was corrected by ${by}`);
}
