/** Which package may import which: what the map of ARCHITECTURE.md says in its last column. */
import { MAP, namesIn } from './map.ts';
import type { Import } from './source-files.ts';

/** The workspace packages, and what each may import of the others. */
export const ALLOWED: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  MAP.filter(({ path }) => /^(?:packages|services|jobs)\//.test(path) || path === 'infra/local').map((folder) => [
    folder.name,
    namesIn(folder),
  ]),
);

/** What runs: services and jobs. */
const ROLES = new Set(MAP.filter(({ path }) => /^(?:services|jobs)\//.test(path)).map(({ name }) => name));

const CORE = ['model', 'attribution', 'views', 'signals'];
/** Packages that do no I/O of their own, not even Node's. The core is pure as well; serving keeps time and takes its I/O as ports. */
const WITHOUT_IO = new Set([...CORE, 'serving', 'reports']);

/** What these may take from `runtime`: files that do no I/O either. */
const RUNTIME_WITHOUT_IO = new Set(['config/definitions', 'http/fair-share', 'http/turns-of-keys', 'config/nearest-name']);

/** Imports that do no I/O at run time. */
const TOLERATED: Readonly<Record<string, readonly string[]>> = {
  // Reads the SQL files that lie beside the folds, once, when it is loaded: they are code.
  'packages/views/src/sql.ts': ['node:fs', 'node:url', 'node:path'],
  // Loads the library that reads conditions with the first condition: it is code.
  'packages/signals/src/expressions/parse.ts': ['node:module'],
  // Lets requests run while a generation loads, and while many rows are passed over.
  'packages/serving/src/rows-in-turns.ts': ['node:timers/promises'],
  // A hash of names: pure.
  'packages/reports/src/counts/channel-names.ts': ['node:crypto'],
  // Models run in a thread of their own.
  'packages/reports/src/runner/runner.ts': ['node:worker_threads'],
  'packages/reports/src/runner/worker.ts': ['node:worker_threads'],
};

/** Why the import is not allowed; undefined when it is. */
export function objection({ file, specifier }: Import): string | undefined {
  const from = packageOf(file);
  const isTest = isTestFile(file);
  const to = /^@tributary\/([^/]+)/.exec(specifier)?.[1];
  if (to === undefined) return foreignObjection(file, from, specifier, isTest);
  if (to === from && !isTest) return `a package imports its own files by relative path, not as ${specifier}`;
  if (isTest) return undefined;
  if (to === 'testkit') return 'only tests import the test kit';
  if (from === undefined) return `${file} belongs to no known package`;
  const allowed = ALLOWED[from];
  if (allowed === undefined) return `the package ${from} has no row in the table of import directions`;
  if (allowed.includes(to) && ROLES.has(to) && !file.endsWith('/main.ts'))
    return `only a main.ts starts another job: take what ${to} has from a package that both import`;
  if (to === 'runtime' && WITHOUT_IO.has(from) && allowed.includes(to)) {
    const taken = specifier.slice('@tributary/runtime/'.length);
    return RUNTIME_WITHOUT_IO.has(taken) ? undefined : `${from} does no I/O of its own: it may not import ${taken} of runtime`;
  }
  return allowed.includes(to) ? undefined : `${from} may import ${allowed.join(', ') || 'no other package'}; not ${to}`;
}

function foreignObjection(file: string, from: string | undefined, specifier: string, isTest: boolean): string | undefined {
  if (specifier.startsWith('.')) {
    const target = joined(file, specifier);
    const to = packageOf(target);
    // The suites under `test/` belong to no package and reach into all.
    if (from !== to && from !== undefined && !(isTest && to === undefined)) return 'a relative import stays within its package';
    return isTest || !isTestFile(target) ? undefined : 'only tests import tests';
  }
  const isTolerated = TOLERATED[file]?.includes(specifier) === true;
  if (from !== undefined && WITHOUT_IO.has(from) && !isTest && !isTolerated && specifier.startsWith('node:'))
    return `${from} does no I/O of its own: ${specifier} is I/O or a clock; take it as an argument`;
  return undefined;
}

/** The package that a file belongs to, by its folder; undefined outside of all (the root, `test/`). */
export function packageOf(file: string): string | undefined {
  if (file.startsWith('infra/local/')) return 'local';
  return /^(?:packages|services|jobs)\/([^/]+)\//.exec(file)?.[1];
}

/** Tests, and what only they use: `x.test.ts`, everything under a `test` folder, and the test kit itself. */
export function isTestFile(file: string): boolean {
  return /\.test\.ts$/.test(file) || /(^|\/)test\//.test(file) || file.startsWith('packages/testkit/');
}

function joined(file: string, specifier: string): string {
  const parts = file.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}
