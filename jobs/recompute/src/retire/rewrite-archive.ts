/** After a run: archived files lose users who were erased, once every generation that is kept knows of them (packages/archive/src/rewrite). */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { alone } from '@tributary/archive/alone';
import { stagingFolder } from '@tributary/archive/compute/staging';
import { openDuckDb } from '@tributary/archive/duckdb';
import { planRewrite } from '@tributary/archive/rewrite/plan';
import { type Rewritten, rewriteArchive } from '@tributary/archive/rewrite/rewrite';
import type { RunPorts } from '../ports.ts';
import type { RewriteSpec } from '../specs/rewrite.ts';

/** Runs in the child. Planned where it is alone: by an older plan it would bring back whom another process wrote files without meanwhile. */
export async function rewriteFiles({ generation, limits, ...rewrite }: RewriteSpec): Promise<Rewritten> {
  const { dataDir, attempt } = rewrite;
  const staging = join(dataDir, stagingFolder({ generation, attempt }));
  const session = await openDuckDb({
    memoryLimit: `${limits.memoryMb}MiB`,
    threads: limits.threads,
    connections: limits.threads,
    tempDir: join(staging, 'spill'),
  });
  try {
    return await alone(session, { dataDir, staging }, async () => {
      const plan = await planRewrite(dataDir);
      return plan === null
        ? { rows: 0, files: 0, isSearched: true }
        : rewriteArchive(session, { ...plan, ...rewrite, width: limits.threads, staging });
    });
  } finally {
    await session.close();
    await rm(staging, { recursive: true, force: true });
  }
}

/** Never fails a run: what is not written again now is after the next one. */
export async function forgetInArchive(
  generation: number,
  ports: Pick<RunPorts, 'dataDir' | 'now' | 'rewrite' | 'rewriteRedisFiles' | 'newAttempt' | 'limits' | 'note'>,
  signal: AbortSignal,
): Promise<void> {
  const { dataDir, limits } = ports;
  try {
    const plan = await planRewrite(dataDir);
    if (plan === null) return;
    const nowMs = ports.now();
    const due = plan.before?.redisDue ?? [];
    const asks = due.length > 0 && (await forgetInRedisFiles(due, ports));
    const own = { dataDir, generation, attempt: ports.newAttempt(), nowMs, ...(asks && { redisFilesAt: nowMs }) };
    const spec = { ...own, limits: limits.compute };
    const done = await ports.rewrite(spec, { timeoutMs: limits.computeTimeoutMs, signal });
    ports.note('archived files were written again without users who were erased', { ...done });
  } catch (error) {
    signal.throwIfAborted();
    ports.note('archived files could not be written again without users who were erased', { error: String(error) });
  }
}

/** False: it did not, and is asked again after the next run. Before the attempt that notes it, so that it is asked again where that one dies. */
async function forgetInRedisFiles(
  cut: readonly string[],
  { rewriteRedisFiles, note }: Pick<RunPorts, 'rewriteRedisFiles' | 'note'>,
): Promise<boolean> {
  if (rewriteRedisFiles === undefined) return false;
  try {
    return await rewriteRedisFiles(cut);
  } catch (error) {
    note('Redis does not write its files again, which hold erased users until it does', { error: String(error) });
    return false;
  }
}
