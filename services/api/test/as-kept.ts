import { ARCHIVED } from '@tributary/archive/layout';
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { isMessageType } from '@tributary/model/identity/message-line';

/** As a generation keeps events: without properties, but for what messages say and types are counted once by. */
export function asKept({ properties, ...kept }: Event, { once }: Definitions): Event {
  const isKept = properties !== undefined && (isMessageType(kept.type) || Object.hasOwn(once, kept.type));
  return { ...kept, source: ARCHIVED, ...(isKept && { properties }) };
}
