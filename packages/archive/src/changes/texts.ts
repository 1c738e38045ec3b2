/** Texts that are read again later: in memory, or in a file where they are those of a whole archive. */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { makeFolder, STAGED } from '../durable.ts';

export interface Place {
  /** The number of the text, or where its bytes begin. */
  readonly at: number;
  readonly bytes: number;
}

export interface Texts {
  put(text: string): Promise<Place>;
  get(place: Place): Promise<string>;
}

export function textsInMemory(): Texts {
  const texts: string[] = [];
  return {
    put: async (text) => ({ at: texts.push(text) - 1, bytes: 0 }),
    get: async ({ at }) => texts[at] as string,
  };
}

/** Nothing of it is left when it is closed, nor where this process is killed: the file has no name. */
export async function textsInFile(dataDir: string): Promise<Texts & AsyncDisposable> {
  const folder = dataPath(dataDir, 'archiveUnshared');
  await makeFolder(folder);
  const path = join(folder, `.${randomUUID()}${STAGED}`);
  const file: FileHandle = await open(path, 'wx+', 0o600);
  await rm(path);
  let end = 0;
  return {
    async put(text) {
      const bytes = Buffer.from(text);
      for (let done = 0; done < bytes.length; )
        done += (await file.write(bytes, done, bytes.length - done, end + done)).bytesWritten;
      const place = { at: end, bytes: bytes.length };
      end += bytes.length;
      return place;
    },
    async get({ at, bytes }) {
      const into = Buffer.alloc(bytes);
      for (let done = 0; done < bytes; ) {
        const { bytesRead } = await file.read(into, done, bytes - done, at + done);
        if (bytesRead === 0) throw new Error(`the texts of changes in ${folder} end at ${at + done}`);
        done += bytesRead;
      }
      return into.toString();
    },
    [Symbol.asyncDispose]: () => file.close(),
  };
}
