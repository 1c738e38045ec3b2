/** Receipts of one user are changed by one request of this process at a time: two that read one before either writes would lose what one of them wrote. */

/** The end of what was begun last, by digest. */
const last = new Map<string, Promise<unknown>>();

/** Runs `work` once all that this process began before it about the same user has ended. */
export async function oneAtATime<T>(digest: string, work: () => Promise<T>): Promise<T> {
  const turn = (last.get(digest) ?? Promise.resolve()).then(work);
  const ended = turn.catch(() => undefined);
  last.set(digest, ended);
  try {
    return await turn;
  } finally {
    if (last.get(digest) === ended) last.delete(digest);
  }
}
