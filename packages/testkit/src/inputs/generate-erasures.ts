/** Erasures among generated events, of a third of the seeds: users who go, come back, go twice, and send on meanwhile. */
import type { Event } from '@tributary/model/event';
import { userKeyOf } from '@tributary/model/user-key';
import { createRandom } from './random.ts';

/** By draws of its own, so that the other seeds keep their runs. */
export function withErasures(events: readonly Event[], seed: number): Event[] {
  if (seed % 3 !== 1) return [...events];
  const random = createRandom(seed + 9_000_000);
  const result: Event[] = [];
  const known: Event[] = [];
  for (const [at, event] of events.entries()) {
    result.push(event);
    known.push(event);
    if (!random.chance(0.08)) continue;
    const of = random.pick(known);
    const type = random.chance(0.65) ? 'tributary.erase' : 'tributary.lift';
    const { receivedAt } = event;
    result.push({ ts: receivedAt, type, id: `forget ${at}`, userId: userKeyOf(of), receivedAt, source: 'tributary' });
  }
  return result;
}
