/** Sends native events to the collector, as any client should: 429 and 503 are tried again, everything else is an error. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DemoEvent } from './session.ts';

export interface Collector {
  readonly url: string;
  readonly writeKey: string;
}

const REQUEST_MS = 15_000;
const RETRY_MS = 500;

/** Resolves once the collector has acknowledged the batch; tries for `patienceMs`. Rejects with what it answered. */
export async function sendBatch(
  collector: Collector,
  batch: readonly DemoEvent[],
  patienceMs: number,
  signal: AbortSignal,
): Promise<void> {
  const body = JSON.stringify({ batch });
  for (let waitedMs = 0; ; waitedMs += RETRY_MS) {
    const answer = await post(collector, body, signal);
    if (answer.ok) return;
    if (!answer.again || waitedMs >= patienceMs)
      throw new Error(`the collector did not take ${batch.length} events: ${answer.why}`);
    await sleep(RETRY_MS, undefined, { signal });
  }
}

type Answer = { readonly ok: true } | { readonly ok: false; readonly again: boolean; readonly why: string };

async function post({ url, writeKey }: Collector, body: string, signal: AbortSignal): Promise<Answer> {
  try {
    const response = await fetch(`${url}/v1/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${writeKey}`, 'content-type': 'application/json' },
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]),
    });
    const text = await response.text();
    const rejected = Number(response.headers.get('x-rejected-events') ?? 0);
    if (response.ok && rejected === 0) return { ok: true };
    const again = response.status === 429 || response.status === 503;
    return { ok: false, again, why: `${response.status} ${text.slice(0, 300)}` };
  } catch (error) {
    if (signal.aborted) throw error;
    return { ok: false, again: true, why: (error as Error).message };
  }
}
