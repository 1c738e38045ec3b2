/** Waiting that always ends: with a result, at a limit, or when aborted. No timer and no listener is left behind. */

/** What comes after the limit is ignored, an error too. */
export async function settled<T>(work: Promise<T>, limitMs: number, signal?: AbortSignal): Promise<T | 'timeout' | 'aborted'> {
  if (signal?.aborted) return 'aborted';
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const limit = new Promise<'timeout' | 'aborted'>((resolve) => {
    timer = setTimeout(resolve, limitMs, 'timeout');
    onAbort = () => resolve('aborted');
    signal?.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
    if (onAbort) signal?.removeEventListener('abort', onAbort);
  }
}

/** As `work`, but rejects with `late()` at the limit. */
export async function within<T>(limitMs: number, work: Promise<T>, late: () => Error): Promise<T> {
  const outcome = await settled(
    work.then((value) => ({ value })),
    limitMs,
  );
  if (typeof outcome === 'string') throw late();
  return outcome.value;
}

/** Ends early, and without an error, when aborted. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await settled(new Promise(() => {}), ms, signal);
}

export interface Backoff {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** How long to wait after a number of failures in a row: twice as long each time, up to the longest; 0 without a failure. */
export function backoffMs({ firstMs, longestMs }: Backoff, failures: number): number {
  return failures < 1 ? 0 : Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 30));
}

/** For what may fail for a while: each call waits `everyMs` and answers true; false once `forMs` are over, or when aborted. */
export function patience(
  forMs: number,
  everyMs: number,
  { signal, now = () => performance.now() }: { readonly signal?: AbortSignal | undefined; readonly now?: () => number } = {},
): () => Promise<boolean> {
  const untilMs = now() + forMs;
  return async () => {
    if (signal?.aborted || now() >= untilMs) return false;
    await pause(everyMs, signal);
    return signal?.aborted !== true;
  };
}
