/** Events of one user around a noon that the generations of a test all cover. */
import type { Event } from '@tributary/model/event';
import { HOUR_MS } from '@tributary/model/time';

export const NOON_MS = Date.UTC(2026, 2, 1, 12);

/** `hours`: after noon. */
export function event(id: string, hours: number, type: string, more: Partial<Event> = {}): Event {
  const ts = NOON_MS + hours * HOUR_MS;
  return { ts, type, id, userId: 'ana', receivedAt: NOON_MS + 5 * HOUR_MS, source: 'test', ...more };
}
