/** After a run: archived events that somebody asked to retire leave the archive (packages/archive/src/retention). */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { alone } from '@tributary/archive/alone';
import { stagingFolder } from '@tributary/archive/compute/staging';
import { openDuckDb } from '@tributary/archive/duckdb';
import { isRetirementDue, retireEvents } from '@tributary/archive/retention/retire-events';
import type { RetirementOutcome } from '@tributary/archive/retention/retired';
import type { RunPorts } from '../ports.ts';
import type { RetireSpec } from '../specs/retire.ts';

/** Runs in the child. DuckDB is there for its lock alone. */
export async function retireFiles({ dataDir, generation, attempt, nowMs }: RetireSpec): Promise<RetirementOutcome | null> {
  const staging = join(dataDir, stagingFolder({ generation, attempt }));
  const session = await openDuckDb({ memoryLimit: '64MiB', threads: 1, tempDir: join(staging, 'spill') });
  try {
    return await alone(session, { dataDir, staging }, () => retireEvents({ dataDir, nowMs }));
  } finally {
    await session.close();
    await rm(staging, { recursive: true, force: true });
  }
}

/** Never fails a run: what is not retired now is after the next one. */
export async function retireByAge(
  generation: number,
  ports: Pick<RunPorts, 'dataDir' | 'now' | 'retire' | 'newAttempt' | 'limits' | 'note'>,
  signal: AbortSignal,
): Promise<void> {
  const { dataDir, limits } = ports;
  try {
    if (!(await isRetirementDue(dataDir))) return;
    const spec = { dataDir, generation, attempt: ports.newAttempt(), nowMs: ports.now() };
    const done = await ports.retire(spec, { timeoutMs: limits.computeTimeoutMs, signal });
    if (done !== null) ports.note('archived events were retired by age', { ...done });
  } catch (error) {
    signal.throwIfAborted();
    ports.note('archived events could not be retired by age', { error: String(error) });
  }
}
