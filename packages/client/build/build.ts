/** Builds the package that is installed elsewhere into a folder: `npm run client -- FOLDER`. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { openApi } from '@tributary/contract/openapi';
import { type OpenApi, typesOf } from './types.ts';

const ROOT = join(import.meta.dirname, '..');
const REPOSITORY = join(ROOT, '../..');

export function build(folder: string): void {
  const sources = join(folder, 'sources');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(sources, { recursive: true });
  for (const name of readdirSync(join(ROOT, 'src'))) copyFileSync(join(ROOT, 'src', name), join(sources, name));
  const { name, version, type, license, description } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  writeFileSync(join(sources, 'api.ts'), typesOf(openApi(version) as unknown as OpenApi));
  compile(sources, folder);
  rmSync(sources, { recursive: true });
  copyFileSync(join(REPOSITORY, 'LICENSE'), join(folder, 'LICENSE'));
  copyFileSync(join(ROOT, 'README.md'), join(folder, 'README.md'));
  const manifest = {
    ...{ name, version, description, type, license },
    engines: { node: '>=20' },
    sideEffects: false,
    exports: { '.': { types: './client.d.ts', default: './client.js' } },
  };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** The sources are checked once more, against the types that are shipped. */
function compile(sources: string, folder: string): void {
  const options = {
    ...{
      target: 'es2023',
      module: 'nodenext',
      lib: ['es2023', 'dom', 'dom.iterable'],
      types: [],
      rootDir: sources,
      outDir: folder,
    },
    ...{
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      verbatimModuleSyntax: true,
    },
    ...{ rewriteRelativeImportExtensions: true, skipLibCheck: false },
  };
  writeFileSync(join(sources, 'package.json'), '{"type":"module"}');
  writeFileSync(join(sources, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['client.ts'] }));
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
  // Editors show the comments of types; pages would load those of scripts.
  for (const part of [['--declaration', '--emitDeclarationOnly'], ['--removeComments']])
    execFileSync(process.execPath, [compiler, '--project', sources, ...part], { stdio: ['ignore', 'inherit', 'inherit'] });
}

const [, script, target] = process.argv;
if (script === import.meta.filename) {
  if (target === undefined) throw new Error('FOLDER must be given: npm run client -- FOLDER');
  build(target);
}
