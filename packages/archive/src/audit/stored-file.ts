/** A file against what its manifest says of it. Nothing is moved or changed. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { digest, errorCode } from '../durable.ts';
import type { StoredFile } from '../layout.ts';
import type { FaultClass } from './faults.ts';

export interface Depth {
  /** Lengths alone, no checksums. */
  readonly quick: boolean;
  readonly signal?: AbortSignal;
}

export interface FileFault {
  readonly class: FaultClass;
  readonly detail: string;
}

/** undefined: it is what its manifest says. Aborted, it throws the reason, also within a file. */
export async function fileFault(dataDir: string, file: StoredFile, { quick, signal }: Depth): Promise<FileFault | undefined> {
  signal?.throwIfAborted();
  const path = join(dataDir, file.path);
  try {
    const found = await stat(path);
    if (!found.isFile()) return { class: 'unreadable', detail: 'is not a regular file' };
    if (found.size !== file.bytes) {
      const detail = `has ${found.size} bytes, its manifest says ${file.bytes}`;
      return { class: found.size < file.bytes ? 'truncated' : 'altered', detail };
    }
    if (quick) return undefined;
    const { sha256 } = await digest(path, signal);
    return sha256 === file.sha256
      ? undefined
      : { class: 'altered', detail: `has the SHA-256 ${sha256}, its manifest says ${file.sha256}` };
  } catch (error) {
    signal?.throwIfAborted();
    if (errorCode(error) === 'ENOENT') return { class: 'missing', detail: 'is missing' };
    return { class: 'unreadable', detail: `cannot be read: ${(error as Error).message}` };
  }
}
