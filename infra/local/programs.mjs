/**
 * The programs of roles and children, one file each (build/programs.ts), built of the sources at hand: they start in half of the processor time
 * (decision 56). Plain JavaScript without dependencies: it runs on any Node from 20.
 *
 * A folder has the name of what it was built of, and its own copy of the SQL and the Lua that its programs read. So a change of any file is another
 * folder at the next start, and what runs meanwhile keeps the files that it started from.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

/** Folders that are kept, those that were used last. */
const MOST_KEPT = 3;
const GROUPS = ['packages', 'services', 'jobs'];
const OTHERS = ['package-lock.json', 'infra/local/build/programs.ts', 'infra/local/build/traces.ts'];

/** The folder with the programs; undefined, and `say` why, where they cannot be built: roles start from their sources then. */
export function builtPrograms(root, runner, say) {
  const kept = join(root, '.tributary', 'programs');
  try {
    const hash = hashOfSources(root);
    const folder = join(kept, hash);
    if (!existsSync(folder)) build(root, { kept, hash, ...runner });
    const now = new Date();
    utimesSync(folder, now, now);
    removeOld(kept);
    return folder;
  } catch (error) {
    say(`Programs of one file could not be built, roles start from their sources: ${error.message}`);
    return undefined;
  }
}

/** In a folder that no other start has, and none before it had. */
function build(root, { kept, hash, node, env }) {
  mkdirSync(kept, { recursive: true });
  const staged = mkdtempSync(join(kept, 'new-'));
  try {
    const args = [join(root, 'infra/local/build/programs.ts'), staged];
    const { status, stderr } = spawnSync(node, args, { env, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
    if (status !== 0) throw new Error(String(stderr).trim().slice(0, 500));
    if (hashOfSources(root) !== hash) throw new Error('a file changed meanwhile');
    publish(staged, join(kept, hash));
  } finally {
    rmSync(staged, { recursive: true, force: true });
  }
}

/** In one step; another start may have built the same meanwhile. */
function publish(staged, folder) {
  try {
    renameSync(staged, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  }
}

/** What was killed while it built is among them in the end. */
function removeOld(kept) {
  const usedAt = (name) => statSync(join(kept, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const folders = readdirSync(kept).map((name) => ({ name, at: usedAt(name) }));
  for (const { name } of folders.sort((a, b) => b.at - a.at).slice(MOST_KEPT))
    rmSync(join(kept, name), { recursive: true, force: true });
}

/** 16 hex digits. The root counts: libraries are found where they lie. */
function hashOfSources(root) {
  const hash = createHash('sha256').update(root);
  const files = GROUPS.flatMap((group) => readdirSync(join(root, group)).flatMap((name) => filesOf(root, `${group}/${name}`)));
  for (const file of [...files, ...OTHERS].sort()) {
    const bytes = readFileSync(join(root, file));
    hash.update(`\n${file} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex').slice(0, 16);
}

/** What programs may be made of in a workspace, and how its files are imported. A branch that was left may leave a folder that is none. */
function filesOf(root, workspace) {
  const source = `${workspace}/src`;
  if (![source, `${workspace}/package.json`].every((path) => existsSync(join(root, path)))) return [];
  const files = readdirSync(join(root, source), { recursive: true, encoding: 'utf8' }).filter(isOfPrograms);
  return [`${workspace}/package.json`, ...files.map((file) => `${source}/${file}`)];
}

/** Code, SQL and Lua, no tests. */
export const isOfPrograms = (file) => /\.(?:ts|sql|lua)$/.test(file) && !file.endsWith('.test.ts');
