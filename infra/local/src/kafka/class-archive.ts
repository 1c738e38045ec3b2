/**
 * Java's archive of the classes that Kafka loads (class data sharing): with it a broker starts with half the processor time. It is written
 * once, when a broker ends, and kept beside the jars. Who finds none starts without; Java itself passes over one that does not fit.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import type { KafkaFiles } from './files-of-kafka.ts';

/** After this somebody else may try: who began was killed, or could not. */
const CLAIM_MS = 300_000;

/** The archive of these jars and this Java; null while there is none. `record` writes it. Never throws. */
export async function classArchive(files: KafkaFiles, record: (into: string) => Promise<void>): Promise<string | null> {
  const java = createHash('sha256').update(files.version).digest('hex').slice(0, 12);
  const archive = `${files.jars}-java-${java}.jsa`;
  if (existsSync(archive)) return archive;
  const claim = `${archive}.claim`;
  const staged = `${archive}.${process.pid}`;
  try {
    if (!(await isMine(claim))) return null;
    await record(staged);
    await rename(staged, archive);
    await rm(claim, { force: true });
    return archive;
  } catch {
    return null;
  } finally {
    await rm(staged, { force: true });
  }
}

async function isMine(claim: string): Promise<boolean> {
  const ageMs = Date.now() - ((await stat(claim).catch(() => null))?.mtimeMs ?? Date.now());
  if (ageMs > CLAIM_MS) await rm(claim, { force: true });
  try {
    await (await open(claim, 'wx', 0o600)).close();
    return true;
  } catch {
    return false;
  }
}
