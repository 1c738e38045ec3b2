/** Waiting that always ends: with the result, at a time limit, or when aborted. Leaves no timer and no listener behind. */
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
