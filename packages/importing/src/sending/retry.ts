/** When and how long to wait before the same batch is sent again. Ids are deterministic, so a resend counts once. */

/** Attempts for one batch: with the waits below, about two minutes of a collector that does not answer. */
export const MAX_ATTEMPTS = 12;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 20_000;
/** The longest Retry-After that is obeyed, as other clients do. */
const LONGEST_RETRY_AFTER_MS = 300_000;

/** Other refusals are permanent: sending the same again changes nothing. */
export function isRetryable(status: number): boolean {
  return status === 429 || status === 503 || status === 502 || status === 504;
}

/** How long the attempts after the first go on at least; a collector that hangs, or asks for longer waits, adds to it. */
export function allWaitsMs(retryAfter: string | null): number {
  let sum = retryWaitMs(1, retryAfter);
  for (let attempt = 2; attempt < MAX_ATTEMPTS; attempt++) sum += retryWaitMs(attempt, null);
  return sum;
}

/** `attempt` counts from 1. `retryAfter` is the header, in whole seconds. */
export function retryWaitMs(attempt: number, retryAfter: string | null): number {
  if (retryAfter !== null && /^\d{1,6}$/.test(retryAfter)) return Math.min(Number(retryAfter) * 1000, LONGEST_RETRY_AFTER_MS);
  return Math.min(FIRST_WAIT_MS * 2 ** (attempt - 1), LONGEST_WAIT_MS);
}
