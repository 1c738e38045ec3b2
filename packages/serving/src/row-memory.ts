/** What was asked of late, bounded in number and in rows: the least recently used goes first. */
export interface RowMemory<T> {
  get(key: string): T | undefined;
  /** Remembers `value` of `rows` rows; what would fill more than a quarter of the memory is forgotten at once. */
  set(key: string, value: T, rows: number): void;
  /** What is remembered, the least recently used first. */
  values(): T[];
  /** Forgets what `isStale` says yes to. */
  forget(isStale: (value: T) => boolean): void;
  /** The same in the order in which they were set, up to the first that stays. */
  forgetFirst(isStale: (value: T) => boolean): void;
}

interface Place<T> {
  readonly key: string;
  readonly value: T;
  readonly rows: number;
  /** Those that were used before and after it. */
  older: Place<T> | undefined;
  newer: Place<T> | undefined;
}

export function createRowMemory<T>(bounds: { readonly entries: number; readonly rows: number }): RowMemory<T> {
  const remembered = new Map<string, Place<T>>();
  // In order of use, beside the Map's order, in which they were set: to reach its first key takes time, as those that were removed since its table was made are passed one by one.
  let oldest: Place<T> | undefined;
  let newest: Place<T> | undefined;
  let total = 0;

  function putNewest(place: Place<T>): void {
    place.older = newest;
    place.newer = undefined;
    if (newest === undefined) oldest = place;
    else newest.newer = place;
    newest = place;
  }

  function takeOut({ older, newer }: Place<T>): void {
    if (older === undefined) oldest = newer;
    else older.newer = newer;
    if (newer === undefined) newest = older;
    else newer.older = older;
  }

  function remove(place: Place<T>): void {
    total -= place.rows;
    remembered.delete(place.key);
    takeOut(place);
  }

  return {
    get(key) {
      const known = remembered.get(key);
      if (known === undefined) return undefined;
      if (known !== newest) {
        takeOut(known);
        putNewest(known);
      }
      return known.value;
    },
    set(key, value, rows) {
      const known = remembered.get(key);
      if (known !== undefined) remove(known);
      if (rows * 4 > bounds.rows) return;
      const place: Place<T> = { key, value, rows, older: undefined, newer: undefined };
      remembered.set(key, place);
      putNewest(place);
      total += rows;
      while (oldest !== undefined && (remembered.size > bounds.entries || total > bounds.rows)) remove(oldest);
    },
    values() {
      const values: T[] = [];
      for (let place = oldest; place !== undefined; place = place.newer) values.push(place.value);
      return values;
    },
    forget(isStale) {
      for (const place of remembered.values()) if (isStale(place.value)) remove(place);
    },
    forgetFirst(isStale) {
      for (const place of remembered.values()) {
        if (!isStale(place.value)) return;
        remove(place);
      }
    },
  };
}
