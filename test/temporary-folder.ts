/**
 * One folder for whatever the tests of a run put into the temporary folder, they and the processes they start; gone with the run.
 * It lies in memory where there is enough: to make each commit of Redis and each file of DuckDB durable on a disk takes a fifth of
 * the time of a processor, and no test cuts the power.
 */
import { mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const IN_MEMORY = '/dev/shm';
/** Room for the files of a run, for its processes and for other work. */
const LEAST_BYTES = 8 * 1024 ** 3;

export interface Machine {
  /** The temporary folder that somebody asked for. */
  readonly asked: string | undefined;
  /** The lines of /proc/mounts. */
  readonly mounts: readonly string[];
  readonly folderBytes: number;
  /** Memory that is left to this process, by the limits of its container as well. */
  readonly memoryBytes: number;
}

export function isInMemory({ asked, mounts, folderBytes, memoryBytes }: Machine): boolean {
  const [, , type, options = ''] = mounts.map((line) => line.split(' ')).find(([, folder]) => folder === IN_MEMORY) ?? [];
  const mayExecute = type === 'tmpfs' && !options.split(',').includes('noexec');
  return asked === undefined && mayExecute && Math.min(folderBytes, memoryBytes) >= LEAST_BYTES;
}

function thisMachine(): Machine {
  const { TMPDIR: asked } = process.env;
  try {
    const { bavail, bsize } = statfsSync(IN_MEMORY);
    const mounts = readFileSync('/proc/mounts', 'utf8').split('\n');
    return { asked, mounts, folderBytes: bavail * bsize, memoryBytes: process.availableMemory() };
  } catch {
    return { asked, mounts: [], folderBytes: 0, memoryBytes: 0 };
  }
}

export default function setup(): () => void {
  const folder = mkdtempSync(join(isInMemory(thisMachine()) ? IN_MEMORY : tmpdir(), 'tributary-tests-'));
  process.env['TMPDIR'] = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
