import { TributaryError } from '@tributary/model/errors';
import { isFinalReply } from './redis-replies.ts';

/** How an error begins that reports deltas which are gone for good: asking again does not bring them back. */
const RETIRED = 'RETIRED ';

/** Any failure of the connection leaves the outcome unknown; the caller reloads state and position. */
export async function unlessDown<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const { message } = cause as Error;
    if (message.startsWith(RETIRED)) throw new TributaryError('deltas_retired', message.slice(RETIRED.length), { cause });
    throw new TributaryError('store_unavailable', `the store did not answer: ${message}`, { cause });
  }
}

/** As `unlessDown`, but what the store refuses, and would refuse again, is `store_refused`. */
export async function unlessDownOrRefused<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await unlessDown(work);
  } catch (error) {
    const { cause } = error as Error;
    if (!isFinalReply(cause)) throw error;
    throw new TributaryError('store_refused', `the store refused the commit: ${cause.message}`, { cause });
  }
}
