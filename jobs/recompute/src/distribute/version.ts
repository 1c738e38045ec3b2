/**
 * Which program computes a shard: a digest of the text of all that decides about its rows. Workers of another version, as there
 * are during an upgrade, neither see these shards nor leave parts that a merge would take.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
export const PROGRAM_FOLDERS = [
  HERE,
  dirname(fileURLToPath(import.meta.resolve('@tributary/archive/layout'))),
  dirname(fileURLToPath(import.meta.resolve('@tributary/attribution/rule-based'))),
  dirname(fileURLToPath(import.meta.resolve('@tributary/views/sql'))),
  dirname(fileURLToPath(import.meta.resolve('@tributary/model/definitions'))),
  // It reads the definitions that a shard is computed by.
  dirname(fileURLToPath(import.meta.resolve('@tributary/signals/timeline'))),
];

/** 12 hex digits. */
export function shardVersion(): string {
  const hash = createHash('sha256');
  for (const folder of PROGRAM_FOLDERS) for (const [name, text] of programText(folder)) hash.update(`${name}\n${text}\n`);
  return hash.digest('hex').slice(0, 12);
}

function programText(folder: string): [name: string, text: string][] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|sql)$/.test(name) && !name.endsWith('.test.ts'))
    .sort()
    .map((name) => [name, readFileSync(join(folder, name), 'utf8')]);
}
