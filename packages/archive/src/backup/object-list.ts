/**
 * A backup in an object store: its files by their SHA-256, and a list that is written last, so what lacks it is not a whole backup.
 *
 *   PREFIX/files/<sha256>   created once: whatever is there under this name is the file, so a backup that was killed goes on where it was
 *   PREFIX/backup.list.json path, length and SHA-256 of each file of the folder; of two backups to one place one creates it
 */
import { z } from 'zod';
import { storedFile } from '../manifest-file.ts';

export const OBJECT_LIST = 'backup.list.json';
/** The list is read into memory: this much names some 200 000 files. */
export const LIST_BYTES = 64 * 1024 ** 2;
/** Files sent or fetched at once. */
export const AT_ONCE = 8;

const listed = storedFile.omit({ rows: true });
export type ListedFile = z.output<typeof listed>;

export const ObjectList = z.object({ version: z.literal(1), files: z.array(listed) });

export function objectOf({ sha256 }: ListedFile): string {
  return `files/${sha256}`;
}
