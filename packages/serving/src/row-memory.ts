/** What was asked of late, bounded in number and in rows: the least recently used goes first. */
export interface RowMemory<T> {
  get(key: string): T | undefined;
  /** Remembers `value` of `rows` rows; what would fill more than a quarter of the memory is forgotten at once. */
  set(key: string, value: T, rows: number): void;
  /** What is remembered, the least recently used first. */
  values(): T[];
  /** Forgets what `isStale` says yes to. */
  forget(isStale: (value: T) => boolean): void;
}

export function createRowMemory<T>(bounds: { readonly entries: number; readonly rows: number }): RowMemory<T> {
  const remembered = new Map<string, { readonly value: T; readonly rows: number }>();
  let total = 0;

  function remove(key: string): void {
    total -= remembered.get(key)?.rows ?? 0;
    remembered.delete(key);
  }

  return {
    get(key) {
      const known = remembered.get(key);
      if (known === undefined) return undefined;
      // Re-inserting makes the Map's order the order of use.
      remembered.delete(key);
      remembered.set(key, known);
      return known.value;
    },
    set(key, value, rows) {
      remove(key);
      if (rows * 4 > bounds.rows) return;
      remembered.set(key, { value, rows });
      total += rows;
      for (const oldest of remembered.keys()) {
        if (remembered.size <= bounds.entries && total <= bounds.rows) break;
        remove(oldest);
      }
    },
    values: () => [...remembered.values()].map(({ value }) => value),
    forget(isStale) {
      for (const [key, { value }] of remembered) if (isStale(value)) remove(key);
    },
  };
}
