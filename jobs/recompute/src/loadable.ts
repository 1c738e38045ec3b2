/**
 * Law 7: what cannot be loaded is never published. Before a generation counts as computed, its views are read once as a reader would
 * read them: bytes, row counts, keys and integers.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openDuckDb } from '@tributary/archive/duckdb';
import { checkViewRows } from '@tributary/archive/views';
import { VIEWS } from '@tributary/views/registry';
import type { LoadSpec } from './child/specs.ts';
import { stagingFolder } from './compute/staging.ts';
import type { RunPorts } from './ports.ts';

/** Runs in the child. Throws as a reader would, with the file and the place. */
export async function load({ dataDir, attempt, manifest, memoryMb }: LoadSpec): Promise<void> {
  const folder = join(dataDir, stagingFolder({ generation: manifest.generation, attempt }));
  const session = await openDuckDb({ memoryLimit: `${memoryMb}MiB`, threads: 1, tempDir: join(folder, 'spill') });
  try {
    for (const view of VIEWS) await checkViewRows(session, dataDir, manifest, view);
  } finally {
    await session.close();
    await rm(folder, { recursive: true, force: true });
  }
}

export async function checkLoads(
  manifest: LoadSpec['manifest'],
  ports: Pick<RunPorts, 'dataDir' | 'load' | 'limits' | 'newAttempt'>,
  signal: AbortSignal,
): Promise<void> {
  const { generation, views } = manifest;
  const { compute, computeTimeoutMs } = ports.limits;
  const spec = {
    dataDir: ports.dataDir,
    attempt: ports.newAttempt(),
    manifest: { generation, views },
    memoryMb: compute.memoryMb,
  };
  await ports.load(spec, { timeoutMs: computeTimeoutMs, signal });
}
