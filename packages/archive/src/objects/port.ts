/**
 * An object store, as far as a second copy needs one. A name is given once, as on a disk a link gives it: of any number of writers one creates
 * it. Objects never change and are never removed here, so what was read under a name stays right.
 *
 * A write whose answer was lost may have happened. A writer that finds its name taken, and does not know by whom, reads it and compares.
 * Objects are not listed by the store: one that names the others is written after them, and what it does not name is not part of the copy.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { FileDigest } from '../durable.ts';

/** Bytes that can be read again, where a write is tried again. */
export interface Content extends FileDigest {
  /** All of it, or the bytes `[from, end)`. */
  read(part?: Bytes): Readable;
}

interface Bytes {
  readonly from: number;
  readonly end: number;
}

export interface ObjectStore extends Disposable {
  /** `s3://BUCKET/PREFIX`, for messages. */
  readonly place: string;
  /** In bytes: a larger object is refused. */
  readonly largestObject: number;
  /**
   * True: the object is there, whole and durable. False: its name was taken. Throws `objects_unavailable` where the store does not answer, or
   * refuses for now, in each of several attempts; `invalid_query` where it refuses for good.
   */
  create(name: string, content: Content, signal?: AbortSignal): Promise<boolean>;
  /** null: the object is not there. Throws as `create` does, after one attempt, also while it is read: the reader tries again (attempts.ts). */
  read(name: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | null>;
}

export interface ListedObject {
  readonly name: string;
  /** By the clock of the store, epoch ms. */
  readonly writtenMs: number;
}

/**
 * What an archive needs besides: it removes objects that no reader is to find any more. It replaces none: what follows another object has a name of
 * its own, and of those who write it at once each learns from its write alone whether it was the first.
 */
export interface ArchiveStore extends ObjectStore {
  /** Objects whose names begin with `prefix` and come behind `after`, ascending: some of them, up to 1 000; none: there are no others. */
  list(prefix: string, after: string, signal?: AbortSignal): Promise<readonly ListedObject[]>;
  /** Also where it is not there. Its name is free again. */
  remove(name: string, signal?: AbortSignal): Promise<void>;
}

export function contentOfFile(path: string, digested: FileDigest): Content {
  return { ...digested, read: (part) => createReadStream(path, part && { start: part.from, end: part.end - 1 }) };
}

export function contentOfText(text: string): Content {
  const bytes = Buffer.from(text);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return {
    bytes: bytes.length,
    sha256,
    read: ({ from, end } = { from: 0, end: bytes.length }) => Readable.from([bytes.subarray(from, end)]),
  };
}
