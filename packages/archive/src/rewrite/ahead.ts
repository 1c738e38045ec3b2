/**
 * What each of `asked` gives, in order, while up to `width` are under way. Those that are when one fails, or when who takes the results ends early, are
 * waited for: they write files.
 */
export async function* ahead<T>(asked: Iterable<() => Promise<T>>, width: number): AsyncGenerator<T, undefined> {
  const underWay: Promise<T>[] = [];
  try {
    for (const work of asked) {
      const one = work();
      // It may fail long before its turn: until then nothing else would handle that, which ends the process.
      one.catch(() => {});
      underWay.push(one);
      if (underWay.length >= width) yield await (underWay.shift() as Promise<T>);
    }
    while (underWay.length > 0) yield await (underWay.shift() as Promise<T>);
  } finally {
    await Promise.allSettled(underWay);
  }
}
