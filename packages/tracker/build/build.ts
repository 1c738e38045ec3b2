/**
 * Builds the tracker. Into `dist`, which the collector hands out: `npm run tracker`; `npm start` and the image of the collector do the same. Into a
 * folder, as a package that is installed elsewhere: `npm run tracker -- FOLDER`.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { rolldown } from 'rolldown';
import { ATTENTION, BUILT_FOLDER, SCRIPT } from '../src/built.ts';

const ROOT = join(import.meta.dirname, '..');
const REPOSITORY = join(ROOT, '../..');

export async function buildScripts(folder: string = BUILT_FOLDER): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await bundle('src/page/script.ts', 'iife', join(folder, SCRIPT));
  await bundle('src/attention/attention.ts', 'es', join(folder, ATTENTION));
}

/** The package for those who bundle it into scripts of their own. */
export async function buildPackage(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  await buildScripts(folder);
  await bundle('src/package.ts', 'es', join(folder, 'tracker.js'));
  declare(folder);
  copyFileSync(join(REPOSITORY, 'LICENSE'), join(folder, 'LICENSE'));
  copyFileSync(join(ROOT, 'README.md'), join(folder, 'README.md'));
  const { name, version, type, license, description } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const manifest = {
    ...{ name, version, description, type, license },
    sideEffects: [`./${SCRIPT}`],
    exports: { '.': { types: './types/package.d.ts', default: './tracker.js' }, './*': './*' },
  };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** What is loaded later lies beside the file, as `attention.js`. */
async function bundle(input: string, format: 'iife' | 'es', file: string): Promise<void> {
  const build = await rolldown({
    input: join(ROOT, input),
    cwd: ROOT,
    platform: 'browser',
    tsconfig: false,
    transform: { target: 'es2022' },
  });
  const { output } = await build.generate({ format, minify: true, comments: false, chunkFileNames: '[name].js' });
  await build.close();
  for (const part of output)
    if (part.type === 'chunk') replaceFile(part.isEntry ? file : join(dirname(file), part.fileName), part.code);
}

/** In one step: who reads it meanwhile finds the one before, or this one. */
function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.${process.pid}`, text);
  renameSync(`${path}.${process.pid}`, path);
}

function declare(folder: string): void {
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
  const options = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--rewriteRelativeImportExtensions'];
  const folders = ['--project', ROOT, '--rootDir', join(ROOT, 'src'), '--outDir', join(folder, 'types')];
  execFileSync(process.execPath, [compiler, ...options, ...folders], { stdio: ['ignore', 'inherit', 'inherit'] });
}

if (process.argv[1] === import.meta.filename) {
  const [target] = process.argv.slice(2);
  if (target === undefined) await buildScripts();
  else await buildPackage(target);
}
