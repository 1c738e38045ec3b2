/**
 * Which log a platform is built upon, noted in its data folder by the role that founded it. A role with a misspelt topic prefix would
 * otherwise found a log of its own and acknowledge events that nobody reads (law 6).
 */
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';

const FILE = 'log.json';

export interface LogNote {
  /** The identity of the log, null: no role has opened one yet. */
  readonly known: string | null;
  /** Notes the identity; throws `log_recreated` when another one is noted. */
  note(identity: string): void;
}

/** `where`: what the log is called in messages. */
export function logNote(dataDir: string, where: string): LogNote {
  const file = join(dataDir, FILE);
  const known = readNote(file);
  return {
    known,
    note(identity) {
      const noted = known ?? createNote(file, identity, where);
      if (noted === identity) return;
      const message = `the log ${where} is ${identity}, this platform was built upon ${noted} (${file}): look at TRIBUTARY_KAFKA_BROKERS and TRIBUTARY_KAFKA_TOPIC_PREFIX`;
      throw new TributaryError('log_recreated', message);
    },
  };
}

/** A role that may only read the folder, or has none, leaves the note to the others: it compares once there is one. */
const MAY_NOT_WRITE: ReadonlySet<string> = new Set(['EROFS', 'EACCES', 'EPERM', 'ENOENT']);

/** Whole or not at all, and only the first one; returns what then stands there. */
function createNote(file: string, identity: string, where: string): string {
  const staged = `${file}.${process.pid}.${Date.now()}`;
  try {
    if (!existsSync(dirname(file))) mkdirSync(dirname(file));
    writeFileSync(staged, `${JSON.stringify({ identity, where })}\n`, { flush: true });
    linkSync(staged, file);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST' && !MAY_NOT_WRITE.has(code)) throw error;
  } finally {
    rmSync(staged, { force: true });
  }
  return readNote(file) ?? identity;
}

function readNote(file: string): string | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    const { identity } = JSON.parse(text) as { identity?: unknown };
    if (typeof identity === 'string') return identity;
  } catch {
    // Told below.
  }
  throw new TributaryError('invalid_config', `${file} does not say which log this platform is built upon: {"identity": "…"}`);
}
