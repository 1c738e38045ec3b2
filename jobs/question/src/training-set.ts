/**
 * One attempt at a training set: values of definitions at instants of the past, as one Parquet file.
 *
 *   rows asked ─▶ archived events up to the cut that readers get ─▶ value of each row, in a child ─▶ a file, then the result that names it
 */
import { type AskedSet, failedSet, SET_WORK, type SetResult } from '@tributary/archive/asked/training-sets';
import { questionStagingFolder } from '@tributary/archive/compute/staging';
import { type Attempt, attemptAt } from './attempt.ts';
import type { SetPorts } from './ports.ts';

export function makeTrainingSet(attempt: Attempt, ports: SetPorts, signal: AbortSignal): Promise<void> {
  return attemptAt({ work: SET_WORK, called: 'a training set', compute, failed: failedSet }, attempt, ports, signal);
}

async function compute({ id }: AskedSet, ports: SetPorts, signal: AbortSignal): Promise<Omit<SetResult, 'tookMs' | 'at'>> {
  const { dataDir, limits } = ports;
  const attempt = ports.newAttempt();
  const spec = { dataDir, id, attempt, staging: questionStagingFolder(id, attempt), memoryMb: limits.compute.memoryMb };
  return { ...(await ports.computeSet(spec, { timeoutMs: limits.computeTimeoutMs, signal })), failure: null };
}
