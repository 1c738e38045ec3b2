/** A steady flow of events over HTTP, in requests of ten, as SDKs batch. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Http } from './http.ts';
import { workload } from './workload.ts';

const EVENTS_PER_REQUEST = 10;

/** Sends at the rate until `end`, on schedule: a slow answer does not slow the flow. `reshape` may change a line of the workload. */
export async function flow(
  collector: Http,
  eventsPerSecond: number,
  end: number,
  reshape: (line: string) => string = (line) => line,
): Promise<{ accepted: number; refused: number; behindMs: number }> {
  const everyMs = (1000 * EVENTS_PER_REQUEST) / eventsPerSecond;
  const lines = workload({
    events: Math.ceil(((end - Date.now()) / 1000 + 10) * eventsPerSecond),
    users: 100_000,
    seed: Date.now() % 1000,
  });
  const start = performance.now();
  let requests = 0;
  let accepted = 0;
  let refused = 0;
  let behindMs = 0;
  const open = new Set<Promise<void>>();
  while (Date.now() < end) {
    const due = start + requests * everyMs;
    const ahead = due - performance.now();
    if (ahead > 1) await sleep(ahead);
    else behindMs = Math.max(behindMs, -ahead);
    requests++;
    const now = Date.now();
    const events: string[] = [];
    for (let i = 0; i < EVENTS_PER_REQUEST; i++) {
      const { value } = lines.next();
      if (value === undefined) break;
      // The workload's own times lie in the past: this flow happens now.
      events.push(
        reshape(value.line)
          .replace(/"ts":\d+/, `"ts":${now}`)
          .replace(/,"receivedAt":\d+/, ''),
      );
    }
    const request = collector.post('/v1/events', `[${events.join(',')}]`).then(({ status }) => {
      if (status === 200) accepted += events.length;
      else refused++;
    });
    open.add(request);
    void request.finally(() => open.delete(request));
    if (open.size > 200) await Promise.race(open);
  }
  await Promise.all(open);
  return { accepted, refused, behindMs };
}
