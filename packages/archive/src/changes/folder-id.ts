/** The identity of a data folder among those that follow one archive: what is replaced in one is replaced by its processes alone. */
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { z } from 'zod';
import { createDurably } from '../durable.ts';
import { readManifest, toJson } from '../manifest-file.ts';

const FolderFile = z.object({ id: z.string().min(1) });

export async function folderId(dataDir: string, newId: () => string): Promise<string> {
  const path = dataPath(dataDir, 'archiveFolder');
  const found = await readManifest(path, FolderFile);
  if (found !== undefined) return found.id;
  const id = newId();
  return (await createDurably(path, toJson({ id }))) ? id : folderId(dataDir, newId);
}
