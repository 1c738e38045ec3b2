/**
 * A folder beside a file, for what the file is made of. A process that was killed leaves its own, which the next one that writes there removes:
 * the name says which process of which host it belongs to.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { MISNAMED } from '@tributary/importing/failures';
import { isRunning } from '@tributary/runtime/process/is-running';
import { UsageError } from '../exit.ts';

/** `.tributary-history-<host>-<process>-XXXXXX` */
const PREFIX = '.tributary-history-';

/** `work` gets the folder, which is removed whatever happens. Throws a usage error where a folder cannot be made beside `out`. */
export async function inFolderBeside<T>(out: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await madeIn(dirname(out), out);
  try {
    await sweep(dirname(out));
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Letters, digits and periods: what parts the name is not in it. */
function ownHost(): string {
  return hostname().replaceAll(/[^A-Za-z0-9.]/g, '_');
}

async function madeIn(parent: string, out: string): Promise<string> {
  try {
    return await mkdtemp(join(parent, `${PREFIX}${ownHost()}-${process.pid}-`));
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    throw new UsageError(`--out must name a file in a folder that can be written (got ${out}: ${MISNAMED[code] ?? code})`, {
      cause,
    });
  }
}

/** Removes what killed processes of this host left. Whether one of another host lives is not known, so its folder stays. */
async function sweep(parent: string): Promise<void> {
  const own = `${PREFIX}${ownHost()}-`;
  for (const name of await readdir(parent)) {
    const [, id] = name.startsWith(own) ? (/^(\d+)-\w{6}$/.exec(name.slice(own.length)) ?? []) : [];
    if (id !== undefined && !isRunning(Number(id))) await rm(join(parent, name), { recursive: true, force: true });
  }
}
