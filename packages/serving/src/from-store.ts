/** Whatever the store's client throws reaches clients as `store_unavailable`: nothing was answered, asking again is safe. */
import { TributaryError } from '@tributary/model/errors';

export async function fromStore<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    unavailable(cause);
  }
}

/** The same for `catch` of a promise. */
export function unavailable(cause: unknown): never {
  if (cause instanceof TributaryError) throw cause;
  throw new TributaryError('store_unavailable', `the store did not answer: ${(cause as Error).message}`, { cause });
}
