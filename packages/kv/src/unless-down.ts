import { TributaryError } from '@tributary/model/errors';

/** Any failure of the connection leaves the outcome unknown; the caller reloads state and position. */
export async function unlessDown<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new TributaryError('store_unavailable', `the store did not answer: ${(cause as Error).message}`, { cause });
  }
}
