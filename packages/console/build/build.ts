/**
 * Builds the pages of /ui into `dist`: `npm run console`; `npm start` and the image of the API do the same. One script that every page loads,
 * parts that some pages load later, one style sheet; the names of all change with what they hold.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ROUTES } from '@tributary/contract/routes';
import { type Plugin, rolldown } from 'rolldown';
import { BUILT_FOLDER, LIST_FILE, PAGE_FILE } from '../src/built.ts';

const ROOT = join(import.meta.dirname, '..');
const APP = join(ROOT, 'src/app');
/** In the order of the cascade. */
const STYLES = ['tokens', 'layout', 'parts', 'pages', 'web'];

/** Bytes, compressed, of what a first visit loads, and of all files together. */
export interface Sizes {
  readonly first: number;
  readonly all: number;
}

export async function buildConsole(folder: string = BUILT_FOLDER): Promise<Sizes> {
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
  const main = output.find((one) => one.type === 'chunk' && one.isEntry);
  const entry = main?.fileName ?? '';
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
  writeFileSync(staged, `${JSON.stringify({ assets: [...files.keys()] }, null, 2)}\n`);
  renameSync(staged, join(folder, LIST_FILE));
  const kept = new Set([...files.keys(), PAGE_FILE, LIST_FILE]);
  for (const name of readdirSync(folder)) if (!kept.has(name)) rmSync(join(folder, name), { recursive: true, force: true });
  const chunks = new Map(output.flatMap((one) => (one.type === 'chunk' ? [[one.fileName, one.imports] as const] : [])));
  const first = [page, ...[...waitedFor(entry, chunks), styleName, iconName].map((name) => files.get(name) ?? '')];
  return { first: bytesOf(first), all: bytesOf([page, ...files.values()]) };
}

/** A script waits for what it imports, and that for what it imports in turn. */
export function waitedFor(entry: string, importsOf: ReadonlyMap<string, readonly string[]>): Set<string> {
  const names = new Set([entry]);
  for (const name of names) for (const imported of importsOf.get(name) ?? []) names.add(imported);
  return names;
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

if (process.argv[1] === import.meta.filename) {
  const sizes = await buildConsole();
  const kilobytes = (bytes: number) => `${(bytes / 1_000).toFixed(1)} kB`;
  process.stdout.write(`built the console: ${kilobytes(sizes.first)} for a first visit, ${kilobytes(sizes.all)} in all\n`);
}
