/**
 * What costs something and may be asked by anybody is made once for all who ask within `forMs`. A failure is not remembered.
 * `now`: monotonic, ms.
 */
export function remembered<T>(make: () => Promise<T>, forMs: number, now: () => number): () => Promise<T> {
  let made: Promise<T> | null = null;
  let madeAtMs = 0;
  return () => {
    if (made !== null && now() - madeAtMs < forMs) return made;
    const making = make();
    made = making;
    madeAtMs = now();
    making.catch(() => {
      if (made === making) made = null;
    });
    return making;
  };
}
