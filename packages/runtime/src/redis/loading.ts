/**
 * Redis that reads its files says in how many seconds it will have them: a guess, which near the end is 0 or below. The library waits for as
 * long before it asks again: it would ask a thousand times a second, and Node warns of each time below 0.
 */
import { Command } from 'ioredis';

/** Asked again after this time at the latest, and where the guess is 0 or below. */
export const LOADING_RETRY_MS = 100;

const PAST = /^loading_eta_seconds:(-\d+|0)(?=\r?$)/m;

/** For every connection of this process. */
export function askAgainInTime(): void {
  Command.setReplyTransformer('info', (reply) =>
    typeof reply === 'string' ? reply.replace(PAST, `loading_eta_seconds:${LOADING_RETRY_MS / 1_000}`) : reply,
  );
}
