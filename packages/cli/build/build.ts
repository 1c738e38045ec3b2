/**
 * Builds the command as a package of its own into a folder: `npm run command -- FOLDER`. It has the files of the command line and of
 * the packages that these import, as JavaScript, in the places that they have in a checkout; what they import besides is installed.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative } from 'node:path';

const REPOSITORY = join(import.meta.dirname, '../../..');
const CLI = 'packages/cli';
/** Files that code reads from beside it. */
const READ = /\.(?:sql|lua)$/;
const IMPORT = /(\bfrom\s+|\bimport\s+|\bimport\(|\brequire\()(['"])([^'"\n]+)\2/g;

export function build(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  const external = new Set<string>();
  const written = new Set<string>();
  const left = [`${CLI}/src/main.ts`];
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    if (written.has(file)) continue;
    written.add(file);
    left.push(...writeModule(folder, file, external));
  }
  for (const name of packagesOf(written)) copyRead(join('packages', name, 'src'), folder);
  writeManifests(folder, external);
  cpSync(join(import.meta.dirname, 'bin.mjs'), join(folder, CLI, 'bin/tributary.mjs'));
  for (const name of ['LICENSE', `${CLI}/README.md`])
    cpSync(join(REPOSITORY, name), join(folder, name.slice(name.lastIndexOf('/') + 1)));
}

/** As JavaScript, its imports by path. Returns the files of ours that it imports; adds the packages of others. */
function writeModule(folder: string, file: string, external: Set<string>): string[] {
  const imported: string[] = [];
  const code = stripTypeScriptTypes(readFileSync(join(REPOSITORY, file), 'utf8'));
  const text = code.replaceAll(IMPORT, (whole, before: string, quote: string, specifier: string) => {
    const target = fileOf(file, specifier);
    if (target === null) {
      // Code that the command writes for others imports what they name.
      if (!specifier.startsWith('node:') && !specifier.includes('${')) external.add(packageOf(specifier));
      return whole;
    }
    imported.push(target);
    const path = relative(dirname(file), target).replace(/\.ts$/, '.js');
    return `${before}${quote}${path.startsWith('.') ? path : `./${path}`}${quote}`;
  });
  const to = join(folder, file.replace(/\.ts$/, '.js'));
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to, text);
  return imported;
}

/** Relative to the repository; null: it is not ours. */
function fileOf(from: string, specifier: string): string | null {
  if (specifier.startsWith('.')) return join(dirname(from), specifier);
  const [, name, path] = /^@tributary\/([^/]+)\/(.+)$/.exec(specifier) ?? [];
  return name === undefined ? null : `packages/${name}/src/${path}.ts`;
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function packagesOf(files: ReadonlySet<string>): Set<string> {
  return new Set([...files].map((file) => file.split('/')[1] as string));
}

function copyRead(sources: string, folder: string): void {
  for (const name of readdirSync(join(REPOSITORY, sources), { recursive: true, encoding: 'utf8' }))
    if (READ.test(name)) cpSync(join(REPOSITORY, sources, name), join(folder, sources, name));
}

function writeManifests(folder: string, external: ReadonlySet<string>): void {
  const own = JSON.parse(readFileSync(join(REPOSITORY, CLI, 'package.json'), 'utf8')) as Record<string, unknown>;
  const { name, version, type, license, description } = own;
  const dependencies = Object.fromEntries([...external].sort().map((each) => [each, installedVersion(each)]));
  const manifest = {
    ...{ name, version, description, type, license },
    engines: { node: '>=22.12' },
    bin: { tributary: `${CLI}/bin/tributary.mjs` },
    files: ['packages'],
    dependencies,
  };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  writeFileSync(join(folder, CLI, 'package.json'), `${JSON.stringify({ type, version })}\n`);
}

/** The one that the checkout is tested with. */
function installedVersion(name: string): string {
  const places = [REPOSITORY, ...readdirSync(join(REPOSITORY, 'packages')).map((each) => join(REPOSITORY, 'packages', each))];
  const manifest = places.map((place) => join(place, 'node_modules', name, 'package.json')).find(existsSync);
  if (manifest === undefined) throw new Error(`${name} must be installed to be packed: run npm ci`);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

const [, script, target] = process.argv;
if (script === import.meta.filename) {
  if (target === undefined) throw new Error('FOLDER must be given: npm run command -- FOLDER');
  build(target);
}
