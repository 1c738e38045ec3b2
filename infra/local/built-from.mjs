/**
 * Whether what was built is that of the sources at hand: decided by what files hold, never by their times, which a checkout, a copy or a touch
 * changes. Plain JavaScript without dependencies: it runs on any Node from 20, before anything is installed.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Lies in the folder that was built, and holds the hash of it and of its sources. */
const STAMP = '.built-from';

/** True where neither the sources (files, and folders with all in them) nor the folder that was built from them changed since `noteBuilt`. */
export function isBuilt(folder, sources) {
  const stamp = join(folder, STAMP);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === hashOf([folder, ...sources]);
}

/** To be called when a build has ended well. */
export function noteBuilt(folder, sources) {
  writeFileSync(join(folder, STAMP), hashOf([folder, ...sources]));
}

/** SHA-256 of names and bytes, hexadecimal. The name of a file counts within its folder, so that a checkout may be moved. */
function hashOf(paths) {
  const hash = createHash('sha256');
  paths.forEach((path, index) => {
    for (const name of statSync(path).isDirectory() ? namesIn(path) : ['']) {
      const bytes = readFileSync(join(path, name));
      hash.update(`${index} ${name}\n${bytes.length}\n`).update(bytes);
    }
  });
  return hash.digest('hex');
}

function namesIn(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name !== STAMP && statSync(join(folder, name)).isFile())
    .sort();
}

/**
 * True where npm installed each package that the lockfile names as the lockfile has it. What npm writes of an installation
 * leaves out the root, and optional packages of other platforms.
 */
export function isInstalledAs(lockfile, installed) {
  if (!existsSync(installed)) return false;
  const there = packagesOf(installed);
  return Object.entries(packagesOf(lockfile)).every(([path, wanted]) => {
    if (path === '') return true;
    if (there[path] === undefined) return wanted.optional === true || wanted.devOptional === true;
    return JSON.stringify(there[path]) === JSON.stringify(wanted);
  });
}

function packagesOf(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
}
