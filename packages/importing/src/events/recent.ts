/**
 * What came last, in bounded memory and a few look-ups a key. In two generations: when the young one is full it becomes the old one, which is
 * dropped whole. (To delete the oldest key of one map costs more with each deletion: V8 walks over the places of all that were deleted.)
 */

export interface Recent<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
}

/**
 * The values of at least the last `atLeast` different keys that were asked for or set, and of at most twice as many. `forgets`: called when keys are
 * dropped.
 */
export function createRecent<V>(atLeast: number, forgets: () => void = () => undefined): Recent<V> {
  let old = new Map<string, V>();
  let young = new Map<string, V>();

  function set(key: string, value: V): void {
    if (young.size >= atLeast && !young.has(key)) {
      if (old.size > 0) forgets();
      old = young;
      young = new Map();
    }
    young.set(key, value);
  }

  return {
    get(key) {
      const value = young.get(key);
      if (value !== undefined) return value;
      const older = old.get(key);
      if (older !== undefined) set(key, older);
      return older;
    },
    set,
  };
}
