/**
 * Sends batches to the collector, a few at a time: bounded memory, and the file is read no faster than it is taken.
 *
 *   batch ─▶ free slot? ─▶ gzip ─▶ POST ─┬─ 200: accepted, rejected
 *                 ▲                      ├─ 429, 502–504, no answer: wait, the same batch again
 *                 └──────────────────────┴─ anything else: the import stops
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Batch } from './batches.ts';
import { type Answer, answerOf, type Rejected, refusal, unreachable } from './collector-answer.ts';
import { allWaitsMs, isRetryable, MAX_ATTEMPTS, retryWaitMs } from './retry.ts';
import { isPlainServer } from './unanswered.ts';

export interface Sending {
  readonly url: string;
  /** Native events; those of an import say `historical` themselves. */
  readonly path: '/v1/events' | `/v1/validate?as=${string}`;
  readonly key: string;
  /** Sent as the page's origin, for a key that is narrowed to some. */
  readonly origin?: string;
  readonly fetch: typeof fetch;
  readonly sleep: (ms: number) => Promise<void>;
  /** Epoch ms. */
  readonly now: () => number;
  /** Called once, at the first attempt that failed: the person who waits wants to know why. */
  readonly onTrouble: (text: string) => void;
  readonly onProgress: (totals: SendTotals) => void;
  /** What was rejected of a batch, once it is answered; none where it was taken whole. */
  readonly onAnswer?: (batch: Batch, rejected: readonly Rejected[]) => void;
}

export interface SendTotals {
  sent: number;
  accepted: number;
  rejected: number;
  readonly firstRejected: Rejected[];
  retries: number;
}

export interface Sender {
  /** Resolves when the batch is on its way, as soon as one of the slots is free. Rejects once any batch has failed. */
  send(batch: Batch): Promise<void>;
  /** Resolves when every batch was answered. */
  finish(): Promise<SendTotals>;
}

const MAX_IN_FLIGHT = 4;
const REQUEST_TIMEOUT_MS = 60_000;
const SHOWN = 5;
const compress = promisify(gzip);

export function createSender(to: Sending): Sender {
  const totals: SendTotals = { sent: 0, accepted: 0, rejected: 0, firstRejected: [], retries: 0 };
  const inFlight = new Set<Promise<void>>();
  let failure: unknown;
  const onRetry = (trouble: string, retryAfter: string | null) => {
    totals.retries += 1;
    if (totals.retries > 1) return;
    const until = new Date(to.now() + allWaitsMs(retryAfter)).toISOString().slice(11, 19);
    to.onTrouble(`${trouble}; trying until about ${until}Z`);
  };

  const run = async (batch: Batch): Promise<void> => {
    const answer = await deliver(to, await compress(batch.body), onRetry);
    totals.sent += batch.events;
    totals.accepted += answer.accepted;
    totals.rejected += answer.rejected.length + answer.rejectedMore;
    totals.firstRejected.push(...answer.rejected.slice(0, SHOWN - totals.firstRejected.length));
    to.onAnswer?.(batch, answer.rejected);
    to.onProgress(totals);
  };

  return {
    async send(batch) {
      while (inFlight.size >= MAX_IN_FLIGHT) await Promise.race(inFlight);
      if (failure !== undefined) throw failure;
      const delivery: Promise<void> = run(batch)
        .catch((error: unknown) => {
          failure ??= error;
        })
        .finally(() => inFlight.delete(delivery));
      inFlight.add(delivery);
    },
    async finish() {
      await Promise.all(inFlight);
      if (failure !== undefined) throw failure;
      return totals;
    },
  };
}

type OnRetry = (trouble: string, retryAfter: string | null) => void;

async function deliver(to: Sending, body: Uint8Array<ArrayBuffer>, onRetry: OnRetry): Promise<Answer> {
  const where = `${to.url}${to.path}`;
  const isCheck = to.path !== '/v1/events';
  for (let attempt = 1; ; attempt++) {
    const got = await post(to, body);
    if (!('failure' in got) && got.status === 200) return answerOf(where, got.text);
    const [trouble, mayPass, retryAfter] =
      'failure' in got
        ? [unreachable(where, got.failure, isCheck), !isPlainServer(got.failure), null]
        : [refusal(where, got.status, got.text, isCheck), isRetryable(got.status), got.retryAfter];
    if (!mayPass || attempt >= MAX_ATTEMPTS) throw trouble;
    onRetry(trouble.message, retryAfter);
    await to.sleep(retryWaitMs(attempt, retryAfter));
  }
}

interface Got {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly text: string;
}

async function post(to: Sending, body: Uint8Array<ArrayBuffer>): Promise<Got | { readonly failure: unknown }> {
  try {
    const response = await to.fetch(new URL(to.path, to.url), {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${to.key}:`).toString('base64')}`,
        'content-type': 'application/json',
        'content-encoding': 'gzip',
        ...(to.origin !== undefined && { origin: to.origin }),
      },
      body,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    return { status: response.status, retryAfter: response.headers.get('retry-after'), text: await response.text() };
  } catch (failure) {
    return { failure };
  }
}
