/** When Redis is asked to write its files again: not before the log that it holds was trimmed up to the cut. */
import type { RunPorts } from '../ports.ts';

export interface RedisFiles {
  /** Where each partition of the log begins; null: the log is not in Redis. */
  readonly starts: (() => Promise<readonly (string | null)[]>) | null;
  readonly rewrite: () => Promise<void>;
}

/** False: the log still has entries before the cut, and Redis was not asked. */
export function whenTrimmed({ starts, rewrite }: RedisFiles): NonNullable<RunPorts['rewriteRedisFiles']> {
  return async (cut) => {
    const begins = starts === null ? cut : await starts();
    if (cut.some((position, partition) => (begins[partition] ?? '') < position)) return false;
    await rewrite();
    return true;
  };
}
