/** When Redis is asked to write its files again: not before the log that it holds has dropped all up to the cut. */
import type { EventLog } from '@tributary/log/port';
import type { RunPorts } from '../ports.ts';

export interface RedisFiles {
  /** One that is not in Redis does not say what it has dropped. */
  readonly log: Pick<EventLog, 'hasDropped'>;
  readonly rewrite: () => Promise<void>;
}

/** False: the log still has entries before the cut, and Redis was not asked. */
export function whenTrimmed({ log, rewrite }: RedisFiles): NonNullable<RunPorts['rewriteRedisFiles']> {
  return async (cut) => {
    if ((await log.hasDropped?.(cut)) === false) return false;
    await rewrite();
    return true;
  };
}
