/**
 * Builds the pages of /ui into `dist`: `npm run console`; `npm start` and the image of the API do the same. One script that every page loads,
 * parts that some pages load later, one style sheet; the names of all change with what they hold.
 */
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ROUTES } from '@tributary/contract/routes';
import { type Plugin, rolldown } from 'rolldown';
import { BUILT_FOLDER, LIST_FILE, PAGE_FILE, readList } from '../src/built.ts';

const ROOT = join(import.meta.dirname, '..');
const REPOSITORY = join(ROOT, '../..');
const APP = join(ROOT, 'src/app');
/** In the order of the cascade. */
const STYLES = ['tokens', 'layout', 'parts', 'pages'];
const INPUTS = ['packages/console/{src,build}/**/*', 'packages/{client,contract}/src/**/*.ts', 'package-lock.json'];

export interface BuildOptions {
  readonly folder?: string;
  /** Leaves a build of the same sources as it is. */
  readonly ifChanged?: boolean;
}

/** Bytes, compressed, of what a first visit loads, and of all files together. */
export interface Sizes {
  readonly first: number;
  readonly all: number;
}

export async function buildConsole({ folder = BUILT_FOLDER, ifChanged = false }: BuildOptions = {}): Promise<Sizes | null> {
  const sources = hashOfSources();
  if (ifChanged && readList(folder)?.sources === sources) return null;
  const bundle = await rolldown({
    input: { console: join(APP, 'main.tsx') },
    cwd: ROOT,
    platform: 'browser',
    tsconfig: false,
    transform: { target: 'es2023', jsx: { runtime: 'automatic', importSource: 'preact' } },
    plugins: [routesAsTable()],
  });
  const { output } = await bundle.generate({
    format: 'es',
    minify: true,
    entryFileNames: '[name]-[hash].js',
    chunkFileNames: '[name]-[hash].js',
  });
  await bundle.close();
  const files = new Map(output.flatMap((one) => (one.type === 'chunk' ? [[one.fileName, one.code] as const] : [])));
  const entry = output.find((one) => one.type === 'chunk' && one.isEntry)?.fileName ?? '';
  const style = styleSheet();
  const styleName = named('console.css', style);
  const icon = readFileSync(join(APP, 'icon.svg'), 'utf8');
  const iconName = named('icon.svg', icon);
  files.set(styleName, style).set(iconName, icon);
  const page = pageOf(entry, styleName, iconName);

  mkdirSync(folder, { recursive: true });
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, PAGE_FILE), page);
  // Last, and in one step: who reads the folder meanwhile finds the build before, or this one. Two builds of the same sources write the same.
  const staged = join(folder, `${process.pid}.new`);
  writeFileSync(staged, `${JSON.stringify({ sources, assets: [...files.keys()] }, null, 2)}\n`);
  renameSync(staged, join(folder, LIST_FILE));
  const kept = new Set([...files.keys(), PAGE_FILE, LIST_FILE]);
  for (const name of readdirSync(folder)) if (!kept.has(name)) rmSync(join(folder, name), { recursive: true, force: true });
  const first = [page, ...[entry, styleName, iconName].map((name) => files.get(name) ?? '')];
  return { first: bytesOf(first), all: bytesOf([page, ...files.values()]) };
}

/** The client's table of routes comes from the contract, whose schemas no page needs: what is built has the table alone. */
function routesAsTable(): Plugin {
  const table = Object.fromEntries(Object.entries(ROUTES).map(([operation, { method, path }]) => [operation, [method, path]]));
  return {
    name: 'routes-as-table',
    load: (id) => (id.endsWith('packages/client/src/api.ts') ? `export const ROUTES = ${JSON.stringify(table)};` : null),
  };
}

function styleSheet(): string {
  return STYLES.map((name) => readFileSync(join(APP, `style/${name}.css`), 'utf8'))
    .join('\n')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\n\s*/g, '\n')
    .replace(/\n+/g, '\n')
    .replace(/ \{\n/g, '{')
    .replace(/\n}/g, '}');
}

function pageOf(entry: string, style: string, icon: string): string {
  return readFileSync(join(APP, 'page.html'), 'utf8')
    .replace('CONSOLE.js', `/ui/assets/${entry}`)
    .replace('CONSOLE.css', `/ui/assets/${style}`)
    .replace('ICON.svg', `/ui/assets/${icon}`);
}

function named(name: string, text: string): string {
  const digest = createHash('sha256').update(text).digest('base64url').slice(0, 10);
  return name.replace('.', `-${digest}.`);
}

function bytesOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + gzipSync(text, { level: 9 }).length, 0);
}

function hashOfSources(): string {
  const hash = createHash('sha256');
  for (const file of INPUTS.flatMap((pattern) => globSync(pattern, { cwd: REPOSITORY, withFileTypes: true }))
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))
    .sort())
    hash
      .update(`${relative(REPOSITORY, file)}\n`)
      .update(readFileSync(file))
      .update('\n');
  return hash.digest('hex');
}

if (process.argv[1] === import.meta.filename) {
  const sizes = await buildConsole({ ifChanged: process.argv.includes('--if-changed') });
  if (sizes !== null) {
    const kilobytes = (bytes: number) => `${(bytes / 1_000).toFixed(1)} kB`;
    process.stdout.write(`built the console: ${kilobytes(sizes.first)} for a first visit, ${kilobytes(sizes.all)} in all\n`);
  }
}
