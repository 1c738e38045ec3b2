/** What an object store refuses for now is asked again: 5 times within some 6 s, which outlasts a lost connection and a busy moment. */
import { TributaryError } from '@tributary/model/errors';

const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 400;

/** `sleep` may end early where the signal aborts. */
export async function inAttempts<T>(
  work: () => Promise<T>,
  sleep: (ms: number) => Promise<void>,
  signal?: AbortSignal,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      const mayPass = error instanceof TributaryError && error.code === 'objects_unavailable';
      if (!mayPass || attempt === ATTEMPTS) throw error;
      await sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1));
    }
  }
}
