/** A queue of shards in memory: every shard is worked on in this process, as the real worker would, with its retries. */

import { type ShardPorts, workOnShard } from '@tributary/recompute/distribute/shard-attempt';
import { mayRetryShard } from '@tributary/recompute/distribute/shard-handler';
import type { RunPorts, ShardFlow } from '@tributary/recompute/ports';
import type { ShardName } from '@tributary/recompute/specs/shard';

export interface MemoryFlow extends ShardFlow {
  /** Every attempt that was begun, in order. */
  readonly attempts: number[];
}

export function createMemoryFlow(
  ports: Pick<RunPorts, 'dataDir' | 'newAttempt' | 'limits'> & Pick<ShardPorts, 'computePart'>,
  slots: number,
  version = 'test',
): MemoryFlow {
  const attempts: number[] = [];
  async function attempt(name: ShardName, tries: number, signal: AbortSignal): Promise<void> {
    attempts.push(name.number);
    try {
      await workOnShard(name, ports, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (tries > 5 || !mayRetryShard(error, tries)) throw error;
      await attempt(name, tries + 1, signal);
    }
  }
  return {
    attempts,
    version,
    slots: async () => slots,
    async work(shards, onDone, signal) {
      let done = 0;
      for (const name of shards) {
        await attempt(name, 1, signal);
        onDone(++done);
      }
    },
    progress: () => {},
  };
}
