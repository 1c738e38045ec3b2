/**
 * Java's archive of the classes that Kafka loads (class data sharing): with it a broker starts with half the processor time. It is written
 * once, when a broker ends, and kept beside the jars. While there is none, brokers start without.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import type { KafkaFiles } from './files-of-kafka.ts';

/** After this another process may try: the one that began was killed, or failed. */
const CLAIM_MS = 300_000;

/**
 * The archive of these jars and this Java; null while there is none, with the reason on stderr where it cannot be had. `record` writes it,
 * `isReadable` asks Java. Never throws.
 */
export async function classArchive(
  { jars, javaVersion }: KafkaFiles,
  record: (into: string) => Promise<void>,
  isReadable: (archive: string) => Promise<boolean>,
): Promise<string | null> {
  // Java refuses it for jars that lie elsewhere, in a copy of the folder.
  const name = createHash('sha256').update(`${javaVersion}\n${jars}`).digest('hex').slice(0, 12);
  const archive = `${jars}-${name}.jsa`;
  if (existsSync(archive) && (await isReadable(archive))) return archive;
  const claim = `${archive}.claim`;
  if (!(await isMine(claim))) return null;
  const staged = `${archive}.new`;
  try {
    await rm(staged, { force: true });
    await record(staged);
    if (!(await isReadable(staged))) throw new Error('Java does not read what it wrote');
    await flush(staged);
    await rename(staged, archive);
    await rm(claim, { force: true });
    return archive;
  } catch (error) {
    process.stderr.write(
      `Kafka starts without an archive of its classes, more slowly: ${(error as Error).message.slice(0, 300)}\n`,
    );
    await rm(staged, { force: true }).catch(() => {});
    return null;
  }
}

/** Only the holder of the claim writes. */
async function isMine(claim: string): Promise<boolean> {
  try {
    const ageMs = Date.now() - ((await stat(claim).catch(() => null))?.mtimeMs ?? Date.now());
    if (ageMs > CLAIM_MS) await rm(claim, { force: true });
    await (await open(claim, 'wx', 0o600)).close();
    return true;
  } catch {
    return false;
  }
}

async function flush(path: string): Promise<void> {
  const file = await open(path);
  await file.sync().finally(() => file.close());
}
