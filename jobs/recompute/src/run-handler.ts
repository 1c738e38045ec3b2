/** One attempt at a run of the queue. */
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import type { JobAttempt } from '@tributary/queue/recompute-worker';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { readDefinitions } from '@tributary/signals/definitions/file';
import { runGeneration } from './pipeline.ts';
import type { RunPorts, ShardFlow } from './ports.ts';
import type { RecomputeMetrics } from './watch/metrics.ts';

export function createRunHandler(ports: RunPorts, metrics: RecomputeMetrics): (attempt: JobAttempt) => Promise<unknown> {
  return async ({ id, data, remember, end, report, shards, signal, attempt }) => {
    const beganMs = ports.now();
    try {
      const flow = shards === null ? {} : { shards: watched(shards, metrics) };
      const outcome = await runGeneration({ ...data, remember, end, report, ...flow }, ports, signal);
      const tookMs = ports.now() - beganMs;
      metrics.finished(outcome, tookMs);
      const { generation, published, stagedBecause, counts, publication } = outcome;
      ports.note(published === 'nothing_new' ? 'nothing new' : 'a generation is done', {
        job: id,
        generation,
        published,
        stagedBecause,
        ...counts,
        readers: publication?.generation,
        tookMs,
      });
      return { generation, published, counts, ...(stagedBecause !== undefined && { stagedBecause }) };
    } catch (error) {
      if (!signal.aborted) metrics.failed(error instanceof TributaryError ? error.code : 'internal');
      ports.note('an attempt at a job ended early', {
        job: id,
        attempt,
        aborted: signal.aborted,
        error: String(error),
      });
      throw error;
    }
  };
}

function watched(flow: ShardFlow, metrics: RecomputeMetrics): ShardFlow {
  return {
    ...flow,
    progress(done, total) {
      metrics.shards(done, total);
      flow.progress(done, total);
    },
  };
}

/** Definitions are small and seldom change: the same text is parsed once. */
export function createDefinitionsParser(): (json: string) => Definitions {
  let last: { json: string; definitions: Definitions } | undefined;
  return (json) => {
    if (last?.json !== json) last = { json, definitions: readDefinitions(json, sha256Hex) };
    return last.definitions;
  };
}
