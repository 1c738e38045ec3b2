/** Work that waits for its turn: keys take turns, so that one with many jobs is in the way as little as one with few. */

/** Who asks for something that takes long. */
export interface Asker {
  /** Whose share the work has, and whose turn it takes. */
  readonly key: string;
  /** All clients of the answer have left: what has not begun is given up. */
  isGone(): boolean;
}

/** What a process asks for itself, or for all of its clients. */
export const OWN: Asker = { key: '', isGone: () => false };

export interface TurnsOfKeys<Job> {
  add(job: Job): void;
  /** The oldest job of the key whose turn was longest ago. */
  next(): Job | undefined;
  /** False: it does not wait here any more. */
  remove(job: Job): boolean;
  /** Whether a job of another key waits. */
  hasOther(key: string): boolean;
}

export function createTurnsOfKeys<Job extends { readonly asker: Asker }>(): TurnsOfKeys<Job> {
  /** Keys that wait, in the order of their turns. */
  const byKey = new Map<string, Job[]>();
  let last: string | null = null;

  return {
    add(job) {
      const own = byKey.get(job.asker.key);
      if (own === undefined) byKey.set(job.asker.key, [job]);
      else own.push(job);
    },
    next() {
      const keys = [...byKey.keys()];
      const key = keys.find((one) => one !== last) ?? keys[0];
      if (key === undefined) return undefined;
      const [job, ...rest] = byKey.get(key) ?? [];
      byKey.delete(key);
      if (rest.length > 0) byKey.set(key, rest);
      last = key;
      return job;
    },
    remove(job) {
      const { key } = job.asker;
      const own = byKey.get(key) ?? [];
      const rest = own.filter((other) => other !== job);
      if (rest.length > 0) byKey.set(key, rest);
      else byKey.delete(key);
      return rest.length < own.length;
    },
    hasOther: (key) => byKey.size > (byKey.has(key) ? 1 : 0),
  };
}
