/**
 * Statements of one DuckDB session side by side: most are too small for DuckDB to spread over cores by itself, and files are made durable
 * while the next rows are summed.
 */

/** Those of a computing session: as many statements as run at once. */
export const CONNECTIONS = 2;

/**
 * Runs the tasks in their order, `width` of them at a time, and resolves with what each gave. When one fails no other is begun, and it
 * throws when those that were begun have ended: nothing is at work while the caller clears up.
 */
export async function sideBySide<T>(width: number, tasks: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  async function work(): Promise<void> {
    while (next < tasks.length) {
      const at = next++;
      try {
        results[at] = await (tasks[at] as () => Promise<T>)();
      } catch (error) {
        next = tasks.length;
        throw error;
      }
    }
  }
  await allEnded(Array.from({ length: width }, work));
  return results;
}

/** `Promise.all`, which throws when all have ended. */
export async function allEnded<const T extends readonly Promise<unknown>[]>(work: T): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
