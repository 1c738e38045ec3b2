/** What a client library and the collector said to each other, and what of it counts. */
import type { Event } from '@tributary/model/event';
import { userKeyOf } from '@tributary/model/user-key';
import type { StartedCollector } from '../../services/collector/test/start-collector.ts';

export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Fills while the collector runs: one exchange for each answered request. */
export function watch(collector: StartedCollector): Exchange[] {
  const exchanges: Exchange[] = [];
  // First of the listeners: the collector drops the content type, which it does not trust, and the test wants to see it.
  collector.server.server.prependListener('request', (request, response) => {
    const headers = { ...request.headers };
    response.on('finish', () => {
      exchanges.push({ method: request.method ?? '', path: request.url ?? '', status: response.statusCode, headers });
    });
  });
  return exchanges;
}

/** Law 3: of all arrivals of one id of one user the first counts. */
export function counted(events: readonly Event[]): Event[] {
  const first = new Map<string, Event>();
  for (const event of events) {
    const identity = JSON.stringify([userKeyOf(event), event.id]);
    if (!first.has(identity)) first.set(identity, event);
  }
  return [...first.values()];
}

/** Makes the collector answer 429 until the returned function is called, as it does when its memory is used up. */
export function overload(collector: StartedCollector): () => void {
  const lease = collector.gate.lease('test');
  if (!lease.hold(32 * 1024 * 1024 - 1, 0)) throw new Error('the gate was in use');
  return lease.release;
}
