/** An event as importers make it: the collector adds only when it got it. */
import type { Event } from '@tributary/model/event';

export type ImportEvent = Omit<Event, 'receivedAt' | 'historical'> & {
  /** Its timestamp is authoritative, and the archive keeps all of it. */
  readonly historical: true;
};
