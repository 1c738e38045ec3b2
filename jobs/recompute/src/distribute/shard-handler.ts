/** The shards that this process takes from the queue. */
import { TributaryError } from '@tributary/model/errors';
import { isOnEveryHost, isTransient } from '@tributary/runtime/error-kinds';
import type { ShardName } from '../specs/shard.ts';
import type { RecomputeMetrics } from '../watch/metrics.ts';
import { type ShardPorts, workOnShard } from './shard-attempt.ts';

export interface ShardHandlerPorts extends ShardPorts {
  readonly now: () => number;
  readonly note: (message: string, details: Readonly<Record<string, unknown>>) => void;
}

export function createShardHandler(ports: ShardHandlerPorts, metrics: RecomputeMetrics) {
  return async ({ generation, plan, number }: ShardName, signal: AbortSignal): Promise<void> => {
    const beganMs = ports.now();
    const shard = { generation, plan, number };
    try {
      const outcome = await workOnShard(shard, ports, signal);
      metrics.shardEnded(outcome, ports.now() - beganMs);
      ports.note('a shard is done', { ...shard, outcome, tookMs: ports.now() - beganMs });
    } catch (error) {
      const outcome = signal.aborted ? 'aborted' : isUnwanted(error) ? 'unwanted' : 'failed';
      metrics.shardEnded(outcome, ports.now() - beganMs);
      ports.note('an attempt at a shard ended early', { ...shard, outcome, error: String(error) });
      throw error;
    }
  };
}

/** A host may be out of memory, or lose its mount: another gets the chance. */
const TRIES = 3;

export function mayRetryShard(error: unknown, attempt: number): boolean {
  if (isTransient(error)) return true;
  return attempt < TRIES && !isOnEveryHost(error);
}

function isUnwanted(error: unknown): boolean {
  return error instanceof TributaryError && error.code === 'conflict';
}
