/** A backup that is named `s3://BUCKET/PREFIX`: for a command it is a folder of this machine, which lies in TMPDIR while the command runs. */
import { lstat, mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TransferPorts } from '@tributary/archive/backup/send';
import { bucketRule, openS3, s3Place } from '@tributary/archive/objects/place';
import type { ObjectStore } from '@tributary/archive/objects/port';
import type { PartOfCopy } from '@tributary/archive/repair/repair';
import { DAY_MS } from '@tributary/model/time';
import type { Context, Shell } from '../context.ts';
import { UsageError } from '../exit.ts';

const SCHEME = 's3://';
/** A slash too few would be a folder of this machine. */
export function isObjectPlace(text: string): boolean {
  return /^(?:s3:|[a-z0-9]+:\/\/)/i.test(text);
}

/** `isObjectPlace` of it. Throws `UsageError`. The library is loaded here, by the commands that are given such a place. */
async function openStore(text: string, ports: Pick<Shell, 'env' | 'sleep'>): Promise<ObjectStore> {
  const place = s3Place(text);
  if (place === null) {
    const rule = bucketRule(text) ?? `be a folder or ${SCHEME}BUCKET/PREFIX, with letters, digits and "_.=-" in PREFIX`;
    throw new UsageError(`FOLDER must ${rule} (got ${JSON.stringify(text)}). Name it so.`);
  }
  return openS3(place, ports);
}

/** Runs `work` with a folder that is there for it alone, and is removed behind it. What a killed command left goes a day later, with the next one. */
export async function inFolderForNow<T>(work: (folder: string) => Promise<T>): Promise<T> {
  await removeLeft(tmpdir(), Date.now() - DAY_MS);
  const folder = await realpath(await mkdtemp(join(tmpdir(), `${FOR_NOW}${process.pid}-`)));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const FOR_NOW = 'tributary-backup-';
const LEFT = new RegExp(`^${FOR_NOW}(\\d+)-`);

/** The process of that number may run in another container that shares the folder: so folders that are newer than `beforeMs` stay as well. */
async function removeLeft(parent: string, beforeMs: number): Promise<void> {
  for (const name of await readdir(parent)) {
    const [, pid] = LEFT.exec(name) ?? [];
    // In a container each process may have the number of the one before it.
    if (pid === undefined || (Number(pid) !== process.pid && isRunning(Number(pid)))) continue;
    const found = await lstat(join(parent, name)).catch(() => undefined);
    const isOwn = found?.isDirectory() === true && found.uid === process.getuid?.();
    if (isOwn && found.mtimeMs < beforeMs) await rm(join(parent, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Runs `work` with the store that the place names, and closes it. Throws a `UsageError` where it names none. */
export async function withStore<T>(
  named: string,
  shell: Pick<Shell, 'env' | 'sleep'>,
  work: (store: ObjectStore) => Promise<T>,
): Promise<T> {
  // Not `using`: the packed command runs under Node 22 as well.
  const store = await openStore(named, shell);
  try {
    return await work(store);
  } finally {
    store[Symbol.dispose]();
  }
}

/** Runs `work` with a folder into which the backup that the store has is fetched. */
export async function withBackup<T>(context: Context, named: string, work: (folder: string) => Promise<T>): Promise<T> {
  const { fetchBackup } = await import('@tributary/archive/backup/fetch');
  return withFetched(context, named, fetchBackup, work);
}

/** The same, but its files with rows are fetched when `work` asks for them. */
export async function withManifests<T>(
  context: Context,
  named: string,
  work: (folder: string, part: PartOfCopy) => Promise<T>,
): Promise<T> {
  const { fetchManifests } = await import('@tributary/archive/backup/fetch');
  return withFetched(context, named, fetchManifests, work);
}

function withFetched<T, F>(
  { shell, terminal }: Context,
  named: string,
  fetch: (ports: TransferPorts) => Promise<F>,
  work: (folder: string, fetched: F) => Promise<T>,
): Promise<T> {
  return withStore(named, shell, (store) =>
    inFolderForNow(async (folder) => {
      const onFile = (path: string) => terminal.progress(`fetching ${path}`);
      const ports = { folder, store, sleep: shell.sleep, signal: shell.signal, onFile };
      return work(folder, await fetch(ports).finally(() => terminal.progressEnd()));
    }),
  );
}
