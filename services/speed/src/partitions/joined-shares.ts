/**
 * How much one commit of joined records has, of what it may have. Redis is asked again with half of it where a commit was not answered in time: on a
 * machine that is busy with other work the same commit would come too late each time, and the partition would never be rebuilt.
 */
import { isTransient } from '@tributary/runtime/error-kinds';
import type { Commit } from '@tributary/store/speed-store';

export interface JoinedShares {
  /** 1 as long as nothing failed. */
  of(partition: number): number;
  /** The outcome of the commit is not known. */
  failed(commit: Pick<Commit, 'partition' | 'joined'>, error: unknown): void;
  /** The partition is read from the log. */
  rebuilt(partition: number): void;
}

/** Some hundred lines: what takes too long then has another reason. */
const LEAST_SHARE = 1 / 128;

export function createJoinedShares(): JoinedShares {
  const shares = new Map<number, number>();
  const of = (partition: number) => shares.get(partition) ?? 1;
  return {
    of,
    failed({ partition, joined }, error) {
      if (joined !== undefined && isTransient(error)) shares.set(partition, Math.max(LEAST_SHARE, of(partition) / 2));
    },
    rebuilt: (partition) => void shares.delete(partition),
  };
}
