/** BullMQ's connections wait for Redis without a limit; a caller that serves requests must not. */
import { TributaryError } from '@tributary/model/errors';
import { within } from '@tributary/runtime/wait';

const ANSWER_MS = 5_000;

/** Rejects with `store_unavailable` when there is no answer, or a bad one. */
export async function answered<T>(work: Promise<T>): Promise<T> {
  const late = () => new TributaryError('store_unavailable', `the queue did not answer within ${ANSWER_MS} ms`);
  try {
    return await within(ANSWER_MS, work, late);
  } catch (cause) {
    if (cause instanceof TributaryError) throw cause;
    throw new TributaryError('store_unavailable', `the queue did not take it: ${(cause as Error).message}`, { cause });
  }
}
