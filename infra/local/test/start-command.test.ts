import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parseOptions } from '../src/options.ts';
import { createScreen, welcome } from '../src/terminal.ts';

const START = fileURLToPath(new URL('../start.mjs', import.meta.url));
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const LOCKFILE = fileURLToPath(new URL('../../../package-lock.json', import.meta.url));

test('the help needs nothing installed and names every option with its default', () => {
  const { stdout, status } = spawnSync(process.execPath, [START, '--help'], { encoding: 'utf8' });
  expect(status).toBe(0);
  const { basePort, dataDir } = parseOptions([]);
  expect(stdout).toMatch(new RegExp(`--port <n>.*\\[${basePort}\\]`));
  expect(stdout).toContain(`[${relative('.', dataDir)}]`);
  expect(stdout).toContain('--no-demo');
});

test.each([
  [['--port', '0'], '--port must be a number from 1 to 65530 (got "0"). Five more ports follow it.'],
  [['--port', '65531'], '(got "65531")'],
  [['--port', '7400x'], '(got "7400x")'],
  [['--port'], '--port must have a value (got none). Write it after the option.'],
  [['--data-dir', ''], '--data-dir must be a folder (got "")'],
  [['--data-dir', ' '], '--data-dir must be a folder (got "")'],
  [['--demo'], 'npm start has no option "--demo"'],
  [['--datadir', 'x'], 'npm start has no option "--datadir". Write --data-dir; --help lists all.'],
  [['--no-demo=true'], '--no-demo must have no value (got one). Leave out "=" and what follows.'],
  [['--port', '7420', '--port=7430'], '--port must be given once (got it twice). Leave one of them out.'],
  [['--data-dir', '/a', '--data-dir', '/b'], '--data-dir must be given once (got it twice)'],
  [
    ['--data-dir=~/trib'],
    '--data-dir must not begin with "~", which the shell did not replace (got "~/trib"). Write the whole path.',
  ],
  [
    ['--data-dir=s3://bucket/data'],
    '--data-dir must be a folder, not a place in an object store or a URL: archive and generations lie on a disk (got "s3://bucket/data"). Name a folder;',
  ],
  [['--data-dir=s3:/bucket'], 'must be a folder, not a place in an object store'],
  [['--data-dir', 'file:///data'], 'must be a folder, not a place in an object store'],
  [['stray'], 'npm start takes only options (got "stray"). Write npm start -- --port 7400, with "--" before them'],
])('%j is refused by name', (argv, message) => {
  expect(() => parseOptions(argv)).toThrow(message);
});

test('the data folder is that of the option, else of the environment, else .tributary', () => {
  const env = { TRIBUTARY_DATA_DIR: '/x' };
  expect(parseOptions(['--data-dir', '/y'], env)).toMatchObject({ dataDir: '/y', dataDirFrom: '--data-dir' });
  expect(parseOptions([], env)).toMatchObject({ dataDir: '/x', dataDirFrom: 'TRIBUTARY_DATA_DIR' });
  expect(() => parseOptions([], { TRIBUTARY_DATA_DIR: '~/x' })).toThrow('TRIBUTARY_DATA_DIR must not begin with "~"');
  expect(() => parseOptions(['--data-dir', '/x '])).toThrow('--data-dir must not begin or end with a space (got "/x ").');
  expect(parseOptions([], { TRIBUTARY_DATA_DIR: ' ' }).dataDir).toBe(resolve('.tributary'));
});

test('a relative folder is one of the folder in which the command was typed, though npm runs it in that of the package', () => {
  const typed = { npm_lifecycle_event: 'start', INIT_CWD: '/home/ana' };
  expect(parseOptions(['--data-dir', './shop'], typed).dataDir).toBe('/home/ana/shop');
  expect(parseOptions([], { ...typed, TRIBUTARY_DATA_DIR: 'shop' }).dataDir).toBe('/home/ana/shop');
  expect(parseOptions([], typed).dataDir).toBe(resolve('.tributary'));
  expect(parseOptions(['--data-dir', 'shop'], { ...typed, npm_lifecycle_event: 'test' }).dataDir).toBe(resolve('shop'));
});

test.each([
  [['--no-demo'], '--no-demo', 'npm start -- --no-demo'],
  [
    ['--no-demo', '--port', '26000', '--data-dir=/nowhere'],
    '--no-demo, --port, --data-dir',
    'npm start -- --no-demo --port … --data-dir …',
  ],
])(
  'an option that npm kept for itself is refused before anything starts, with what to write: npm start %j',
  (options, kept, advice) => {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')));
    // Where nothing is refused it prints the help, rather than starting on a real folder.
    const args = ['start', ...options, '--', '--help', 'b c'];
    const { status, stdout, stderr } = spawnSync('npm', args, { cwd: ROOT, env, encoding: 'utf8' });
    expect(status).toBe(2);
    expect(stderr).toContain(`npm kept ${kept} for itself`);
    expect(stderr).toContain(`${advice} --help 'b c'\n`);
    expect(stdout).not.toContain('Starts the whole platform');
  },
);

test('without a terminal no control characters are written, and progress comes in tenths', () => {
  let written = '';
  const task = createScreen({ write: (text) => (written += text) }).task('Loading');
  for (let part = 0; part <= 1_000; part++) task.progress(part, 1_000);
  task.done('1 000 events');
  for (const control of ['\r', '\u001b']) expect(written).not.toContain(control);
  expect(written.trim().split('\n')).toHaveLength(11);
});

test('what is printed meanwhile does not tear the moving line of a terminal', () => {
  let written = '';
  const screen = createScreen({ isTTY: true, write: (text) => (written += text) });
  const task = screen.task('Loading');
  task.progress(1, 2);
  screen.line('speed ended');
  task.done('all');
  const lines = written.split('\n').map((line) => line.slice(line.lastIndexOf('\r') + 1).replaceAll('\u001b[K', ''));
  expect(lines[0]).toBe('speed ended');
  expect(lines[1]).toMatch(/^ {2}Loading +all$/);
});

test('the welcome names addresses and keys, and its commands carry the data folder', () => {
  const access = { collectorUrl: 'http://h:1', apiUrl: 'http://h:2', redisUrl: 'redis://:secret@h:3', dataDir: '/d' };
  const text = welcome(
    { ...access, keys: { write: 'tw_k', read: 'tr_k', admin: 'ta_k' } },
    'elsewhere',
    'http://h:2/ui/#code=c',
    0,
  );
  for (const part of [
    'http://h:1',
    'http://h:2/docs',
    'http://h:2/ui/#code=c',
    'tw_k',
    'tr_k',
    'ta_k',
    'redis://h:3',
    '--data-dir elsewhere',
  ])
    expect(text).toContain(part);
  expect(text).not.toContain('secret');
});

/** npm drops the packages of other platforms from the lockfile where its registry lacks them, and `npm ci` then fails. */
test('the lockfile holds every optional package, and pins no registry host', () => {
  interface Entry {
    readonly resolved?: string;
    readonly optionalDependencies?: Readonly<Record<string, string>>;
  }
  const { packages } = JSON.parse(readFileSync(LOCKFILE, 'utf8')) as { packages: Readonly<Record<string, Entry>> };
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => packages[`${path}/node_modules/${name}`] === undefined && packages[`node_modules/${name}`] === undefined,
    ),
  );
  expect(missing).toEqual([]);
  expect(Object.values(packages).filter(({ resolved }) => resolved?.includes('://'))).toEqual([]);
});

/**
 * npm compares a tarball only with a hash that the lockfile has. The packages of other platforms that the registry at hand did
 * not carry have none: they may become fewer, and none of them is installed on the platform of the images and of CI.
 */
test('the lockfile pins what is installed on Linux by hash, and all but 37 packages of other platforms', () => {
  interface Entry {
    readonly link?: boolean;
    readonly integrity?: string;
    readonly optional?: boolean;
    readonly os?: readonly string[];
    readonly cpu?: readonly string[];
    readonly libc?: readonly string[];
  }
  const { packages } = JSON.parse(readFileSync(LOCKFILE, 'utf8')) as { packages: Readonly<Record<string, Entry>> };
  const unpinned = Object.entries(packages).filter(
    ([path, { link, integrity }]) => path.includes('node_modules/') && link !== true && integrity === undefined,
  );
  const fits = (values: readonly string[] | undefined, wanted: string) => values === undefined || values.includes(wanted);
  const onLinux = unpinned.filter(
    ([, { optional, os, cpu, libc }]) => optional !== true || (fits(os, 'linux') && fits(cpu, 'x64') && fits(libc, 'glibc')),
  );
  expect(onLinux.map(([path]) => path)).toEqual([]);
  expect(unpinned.length).toBeLessThanOrEqual(37);
});
