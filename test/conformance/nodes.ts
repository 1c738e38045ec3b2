import { execFileSync } from 'node:child_process';
import { realpathSync } from 'node:fs';

/** Each Node that can be called, once; those before 20 have no part in this. */
export function nodes(): [version: string, path: string][] {
  const found = execFileSync('which', ['-a', 'node'], { encoding: 'utf8' }).trim().split('\n');
  const paths = new Set([process.execPath, ...found].map((path) => realpathSync(path)));
  return [...paths]
    .map((path): [string, string] => [execFileSync(path, ['--version'], { encoding: 'utf8' }).trim().slice(1), path])
    .filter(([version]) => Number.parseInt(version, 10) >= 20);
}
