/**
 * Sends batches to the collector, a few at a time: bounded memory, and the file is read no faster than it is taken.
 *
 *   batch ─▶ free slot? ─▶ gzip ─▶ POST ─┬─ 200: accepted, rejected
 *                 ▲                      ├─ 429, 502–504, no answer: wait, the same batch again
 *                 └──────────────────────┴─ anything else: the import stops
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { CommandError, EXIT } from '../exit.ts';
import type { Batch } from './batches.ts';
import { allWaitsMs, isRetryable, MAX_ATTEMPTS, retryWaitMs } from './retry.ts';

export interface Sending {
  readonly url: string;
  /** Native events; those of an import say `historical` themselves. */
  readonly path: '/v1/events' | `/v1/validate?as=${string}`;
  readonly key: string;
  readonly fetch: typeof fetch;
  readonly sleep: (ms: number) => Promise<void>;
  /** Epoch ms. */
  readonly now: () => number;
  /** Called once, at the first attempt that failed: whoever waits wants to know why. */
  readonly onTrouble: (text: string) => void;
  readonly onProgress: (totals: SendTotals) => void;
  /** What was rejected of a batch, once it is answered; none where it was taken whole. */
  readonly onAnswer?: (batch: Batch, rejected: readonly Rejected[]) => void;
}

export interface Rejected {
  /** Of the event in its batch. */
  readonly index: number;
  readonly messageId?: string | null;
  readonly code: string;
  readonly message: string;
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

interface Answer {
  readonly accepted: number;
  /** The first hundred. */
  readonly rejected: readonly Rejected[];
  readonly rejectedMore: number;
}

type OnRetry = (trouble: string, retryAfter: string | null) => void;

async function deliver(to: Sending, body: Uint8Array<ArrayBuffer>, onRetry: OnRetry): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    const { status, retryAfter, text } = await post(to, body);
    if (status === 200) return answerOf(to, text);
    if (!isRetryable(status) || attempt >= MAX_ATTEMPTS) throw refusal(to, status, text);
    onRetry(refusal(to, status, text).message, retryAfter);
    await to.sleep(retryWaitMs(attempt, retryAfter));
  }
}

async function post(
  to: Sending,
  body: Uint8Array<ArrayBuffer>,
): Promise<{ status: number; retryAfter: string | null; text: string }> {
  try {
    const response = await to.fetch(new URL(to.path, to.url), {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${to.key}:`).toString('base64')}`,
        'content-type': 'application/json',
        'content-encoding': 'gzip',
      },
      body,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    return { status: response.status, retryAfter: response.headers.get('retry-after'), text: await response.text() };
  } catch (error) {
    return { status: 0, retryAfter: null, text: reasonOf(error) };
  }
}

/** "fetch failed" says nothing; its cause does. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}

function answerOf(to: Sending, text: string): Answer {
  try {
    const { accepted, rejected, rejectedMore = 0 } = JSON.parse(text) as Partial<Answer>;
    if (typeof accepted === 'number' && Array.isArray(rejected)) return { accepted, rejected, rejectedMore };
  } catch {
    // Reported below: whatever answered is no collector.
  }
  throw new CommandError({
    code: 'not_a_collector',
    message: `${to.url}${to.path} answered 200 with "${text.slice(0, 80)}", not with what a collector answers`,
    fix: 'Name the collector with --collector-url.',
  });
}

function refusal(to: Sending, status: number, text: string): CommandError {
  const where = `${to.url}${to.path}`;
  if (status === 0)
    return new CommandError({
      code: 'collector_unreachable',
      message: `the collector at ${where} does not answer: ${text}`,
      fix: 'Start the platform with "npm start", or name its collector with --collector-url. Run the same command again: what was counted counts once.',
      exitCode: EXIT.missing,
    });
  return new CommandError({
    code: status === 401 ? 'invalid_write_key' : 'collector_refused',
    message: `the collector at ${where} answered ${status}: ${detailOf(text)}`,
    fix:
      status === 401
        ? 'Give a write key with --key or TRIBUTARY_WRITE_KEY.'
        : 'See the message; running the same command again continues, each event counts once.',
    exitCode: status >= 500 || status === 429 ? EXIT.missing : EXIT.found,
  });
}

function detailOf(text: string): string {
  try {
    const { code, message, detail } = JSON.parse(text) as { code?: string; message?: string; detail?: string };
    return [code, detail ?? message].filter(Boolean).join(': ') || text.slice(0, 200);
  } catch {
    return text.slice(0, 200);
  }
}
