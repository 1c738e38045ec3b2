/** Archived records that are not events: which lines of a file are of users who are to go, and the file without them. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { usersNamed } from '@tributary/model/reading/users-named';
import { partitionOf } from '@tributary/model/user-key';
import { makeFolder } from '../durable.ts';
import { digestsBy } from '../erasure-key.ts';
import type { ArchiveForgotten } from '../forgotten.ts';

/** Whether a line of a file of this partition is to go. */
export type IsToGo = (line: string, partition: number) => boolean;

/**
 * Whether a record in another partition came before a user was lifted is not known: these stay. What came while they were erased went when that
 * was searched for.
 */
export function deadToGo({ erased, lifted, cut }: ArchiveForgotten, key: Buffer): IsToGo {
  const digestOf = digestsBy(key);
  const all = new Set(erased);
  return (line, partition) => {
    const { raw, position = '', entryIndex = 0 } = recordIn(line);
    return usersNamed(raw ?? line).some((user) => {
      const digest = digestOf(user);
      if (all.has(digest)) return true;
      const upTo = lifted[digest];
      if (upTo === undefined || partitionOf(user, cut.length) !== partition) return false;
      return position < upTo.position || (position === upTo.position && entryIndex <= upTo.entryIndex);
    });
  };
}

interface Kept {
  readonly raw?: string;
  readonly position?: string;
  readonly entryIndex?: number;
}

function recordIn(line: string): Kept {
  try {
    return JSON.parse(line) as Kept;
  } catch {
    return {};
  }
}

interface Lines {
  readonly path: string;
  readonly partition: number;
}

export async function countToGo(dataDir: string, { path, partition }: Lines, isToGo: IsToGo): Promise<number> {
  let count = 0;
  for await (const lines of linesOf(join(dataDir, path))) count += lines.filter((line) => isToGo(line, partition)).length;
  return count;
}

/** Writes the lines that stay to `staged`; returns how many. */
export async function writeStaying(dataDir: string, { path, partition }: Lines, isToGo: IsToGo, staged: string): Promise<number> {
  await makeFolder(join(staged, '..'));
  const file = await open(staged, 'w');
  let count = 0;
  try {
    for await (const lines of linesOf(join(dataDir, path))) {
      const staying = lines.filter((line) => !isToGo(line, partition));
      count += staying.length;
      // A call for each line takes longer than all else about it.
      await file.appendFile(staying.map((line) => `${line}\n`).join(''));
    }
  } finally {
    await file.close();
  }
  return count;
}

/**
 * Some lines at a time, as they were written: "\n" alone ends one. What splits lines of people also splits at other characters, which JSON leaves as
 * they are.
 */
async function* linesOf(file: string): AsyncGenerator<readonly string[], undefined> {
  let rest = '';
  for await (const chunk of createReadStream(file, { encoding: 'utf8' })) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    yield lines;
  }
  if (rest !== '') yield [rest];
}
