/**
 * Who watches the watchmen: each mutation is applied to a copy of the tree, and the law tests must notice. Run by hand:
 * `node test/laws/mutations.ts [parts of lies or of file names]`. Exits 1 when a mutant lives.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MUTATIONS, type Mutation } from './mutation-list.ts';

const ROOT = join(import.meta.dirname, '../..');
const LEFT_OUT = new Set(['node_modules', '.git', '.tributary', '.turbo']);

interface Watchman {
  readonly name: string;
  readonly command: readonly string[];
}

/** From quick to thorough; the first that fails has noticed. */
const WATCHMEN: readonly Watchman[] = [
  { name: 'law tests', command: ['node_modules/.bin/vitest', 'run', '--bail=1', 'test/laws/law-', 'test/contract/store'] },
  { name: 'simulation', command: [process.execPath, 'test/laws/soak.ts', '--seeds', '1000', '--quick'] },
];

function copyTree(): string {
  const copy = mkdtempSync(join(tmpdir(), 'tributary-mutants-'));
  cpSync(ROOT, copy, { recursive: true, filter: (path) => !LEFT_OUT.has(path.slice(path.lastIndexOf('/') + 1)) });
  linkModules('.', copy);
  for (const group of ['packages', 'services', 'jobs', 'infra'])
    for (const member of readdirSync(join(ROOT, group))) linkModules(join(group, member), copy);
  return copy;
}

/** Installed packages are shared; our own must be those of the copy, so their links (relative ones) are created again. */
function linkModules(folder: string, tree: string): void {
  let names: string[];
  try {
    names = readdirSync(join(ROOT, folder, 'node_modules'));
  } catch {
    return;
  }
  const modules = join(tree, folder, 'node_modules');
  mkdirSync(modules, { recursive: true });
  for (const name of names) {
    if (name !== '@tributary' && !name.startsWith('.vite'))
      symlinkSync(join(ROOT, folder, 'node_modules', name), join(modules, name));
    if (name !== '@tributary') continue;
    mkdirSync(join(modules, name));
    for (const own of readdirSync(join(ROOT, folder, 'node_modules', name)))
      symlinkSync(readlinkSync(join(ROOT, folder, 'node_modules', name, own)), join(modules, name, own));
  }
}

const env = { ...process.env, NO_COLOR: '1', CI: '1' };

/** A lie that has a test of its own is judged by that alone. */
function watchmenOf(tests: readonly string[]): readonly Watchman[] {
  return tests.map((test) => ({ name: test, command: ['node_modules/.bin/vitest', 'run', '--bail=1', test] }));
}

/** Which test noticed, and by what; null when none did. */
function notice(tree: string, watchmen: readonly Watchman[]): { readonly by: string; readonly evidence: string } | null {
  for (const { name, command } of watchmen) {
    const [program, ...args] = command as [string, ...string[]];
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: tree, encoding: 'utf8', timeout: 300_000, env });
    if (status === 0) continue;
    const output = `${stdout}\n${stderr}`;
    const evidence = output.match(/× (.+?)(?: \d+ ?ms)?$/m)?.[1] ?? output.match(/seed \d+/)?.[0] ?? output.trim().slice(-200);
    return { by: name, evidence };
  }
  return null;
}

function mutate(tree: string, { file, from, to }: Mutation): () => void {
  const path = join(tree, file);
  const text = readFileSync(path, 'utf8');
  if (text.split(from).length !== 2) throw new Error(`${file} does not hold exactly once: ${from}`);
  writeFileSync(
    path,
    text.replace(from, () => to),
  );
  return () => writeFileSync(path, text);
}

const wanted = process.argv.slice(2);
const chosen = MUTATIONS.filter(({ lie, file }) => wanted.length === 0 || wanted.some((part) => `${lie} ${file}`.includes(part)));
const ownTests = [...new Set(chosen.flatMap(({ test }) => test ?? []))];
const copy = copyTree();
let alive = 0;
try {
  const sound = notice(copy, [...(chosen.every(({ test }) => test) ? [] : WATCHMEN), ...watchmenOf(ownTests)]);
  if (sound !== null) throw new Error(`the tree fails without any mutation (${sound.by}: ${sound.evidence})`);
  console.log('| law | the lie | who noticed |\n| --- | --- | --- |');
  for (const mutation of chosen) {
    const undo = mutate(copy, mutation);
    const noticed = notice(copy, mutation.test === undefined ? WATCHMEN : watchmenOf([mutation.test]));
    undo();
    if (noticed === null) alive++;
    console.log(
      `| ${mutation.law} | ${mutation.lie} | ${noticed === null ? '**no test**' : `${noticed.by}: ${noticed.evidence}`} |`,
    );
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(`\n${alive} alive`);
process.exitCode = alive === 0 ? 0 : 1;
