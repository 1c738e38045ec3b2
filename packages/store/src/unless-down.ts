import { TributaryError } from '@tributary/model/errors';

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
    if (!isRefusal(cause)) throw error;
    throw new TributaryError('store_refused', `the store refused the commit: ${cause.message}`, { cause });
  }
}

/** What Redis says while a node starts, moves, is full or out of reach; "ERR max number of clients" names it otherwise. */
const TRANSIENT =
  /^(LOADING|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|MOVED|ASK|READONLY|OOM|BUSY|NOREPLICAS|MISCONF|UNBLOCKED|ERR max number of clients)\b/;

/** A reply, not a failure of the connection. */
function isRefusal(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError' && !TRANSIENT.test(error.message);
}
