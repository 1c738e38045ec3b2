/**
 * Builds the programs of roles and children into FOLDER, one file each and what it loads later: `node infra/local/build/programs.ts FOLDER`
 * (../programs.mjs). Beside them lies a copy of all sources, where the programs find their SQL and Lua as they were; the library of DuckDB and
 * the board of the queues stay where they are installed.
 */
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Plugin, rolldown } from 'rolldown';
import { isOfPrograms } from '../programs.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const TRACES = join(import.meta.dirname, 'traces.ts');
/** By the name of their file. Programs start each other by it. */
const PROGRAMS: Readonly<Record<string, string>> = {
  collector: 'services/collector/src/main.ts',
  speed: 'services/speed/src/main.ts',
  archiver: 'services/archiver/src/main.ts',
  api: 'services/api/src/main.ts',
  recompute: 'jobs/recompute/src/main.ts',
  'recompute-child': 'jobs/recompute/src/child/main.ts',
  'question-child': 'jobs/question/src/child/main.ts',
  models: 'packages/reports/src/runner/worker.ts',
};
const ENTRIES = new Map(Object.entries(PROGRAMS).map(([name, file]) => [join(ROOT, file), name]));
const EXTERNAL = /^@(?:duckdb\/node-bindings|bull-board\/)/;
/** In FOLDER, by their paths in the repository. */
const COPY = 'sources';
/** Stands for the place of the program while that of its sources is written down. */
const PLACE = '__PLACE_OF_THE_PROGRAM__';

export async function buildPrograms(folder: string, names: readonly string[] = Object.keys(PROGRAMS)): Promise<void> {
  for (const group of ['packages', 'services', 'jobs'])
    for (const name of readdirSync(join(ROOT, group))) copySources(`${group}/${name}/src`, folder);
  for (const [entry, name] of ENTRIES) {
    if (!names.includes(name)) continue;
    const bundle = await rolldown({
      input: { [name]: entry },
      cwd: ROOT,
      platform: 'node',
      tsconfig: false,
      external: EXTERNAL,
      plugins: [placedByItself()],
    });
    await bundle.write({
      dir: folder,
      format: 'es',
      sourcemap: true,
      sourcemapExcludeSources: true,
      entryFileNames: '[name].mjs',
      chunkFileNames: `${name}-[name]-[hash].mjs`,
    });
    await bundle.close();
  }
}

function copySources(source: string, folder: string): void {
  // A branch that was left may leave a folder without sources.
  if (!existsSync(join(ROOT, source))) return;
  for (const file of readdirSync(join(ROOT, source), { recursive: true, encoding: 'utf8' }))
    if (isOfPrograms(file)) cpSync(join(ROOT, source, file), join(folder, COPY, source, file));
}

/** Code that asks where it lies is answered as if it lay there still. */
function placedByItself(): Plugin {
  return {
    name: 'placed by itself',
    async transform(code, id) {
      // The builder's own.
      if (id.startsWith('\0')) return null;
      if (id.includes(`${sep}node_modules${sep}`)) return changed(code, placedLibrary(code, id));
      if (id === TRACES) return null;
      const { heads, text } = withFolders(code, id);
      let placed = text;
      for (const [whole, specifier = ''] of text.matchAll(/import\.meta\.resolve\('([^']+)'\)/g)) {
        const resolved = await this.resolve(specifier, id);
        if (resolved === null) throw new Error(`${specifier} must be found from ${id}`);
        placed = placed.replace(whole, copyOf(resolved.id));
      }
      const begun = ENTRIES.has(id) ? [`import ${JSON.stringify(TRACES)};`, ...heads] : heads;
      return changed(code, `${begun.join(' ')}${placedSource(placed, id)}`);
    },
  };
}

/** Lines stay where they are, so that traces name the right ones. */
function changed(before: string, after: string): { code: string; map: null } | null {
  return after === before ? null : { code: after, map: null };
}

function placedLibrary(code: string, id: string): string {
  return code
    .replaceAll(/(?<![\w$.])__dirname(?![\w$])/g, JSON.stringify(dirname(id)))
    .replaceAll(/(?<![\w$.])__filename(?![\w$])/g, JSON.stringify(id))
    .replaceAll('import.meta.url', `new URL(${JSON.stringify(`file://${id}`)}).href`);
}

/** Programs are started by the name of their file, what is built or installed is found from the source, and all else from its copy. */
function placedSource(code: string, id: string): string {
  return code
    .replaceAll(/new URL\('(\.\/[\w/-]+\.ts)', import\.meta\.url\)/g, (_, path: string) => {
      const name = ENTRIES.get(join(dirname(id), path));
      if (name === undefined)
        throw new Error(`${path}, which ${id} starts, must be among the programs of ${basename(import.meta.filename)}`);
      return `new URL('./${name}.mjs', ${PLACE})`;
    })
    .replaceAll('createRequire(import.meta.url)', `createRequire(${JSON.stringify(id)})`)
    .replaceAll('import.meta.dirname', JSON.stringify(dirname(id)))
    .replaceAll('import.meta.url', copyOf(id))
    .replaceAll(PLACE, 'import.meta.url');
}

/** The expression of its URL. */
function copyOf(id: string): string {
  return `new URL(${JSON.stringify(`./${COPY}/${relative(ROOT, id).split(sep).join('/')}`)}, ${PLACE}).href`;
}

/** Files of a folder that are imported by a name that is not written down become imports that are. */
function withFolders(code: string, id: string): { readonly heads: string[]; readonly text: string } {
  const heads: string[] = [];
  const text = code.replaceAll(/await import\(`(\.\/[\w/-]+\/)\$\{(\w+)\}\.ts`\)/g, (_, folder: string, name: string) => {
    const files = readdirSync(join(dirname(id), folder)).filter(isOfPrograms);
    heads.push(...files.map((file, i) => `import * as file${i} from '${folder}${file}';`));
    return `{ ${files.map((file, i) => `'${basename(file, '.ts')}': file${i}`).join(', ')} }[${name}]`;
  });
  return { heads, text };
}

const [, script, target] = process.argv;
if (script === import.meta.filename) {
  if (target === undefined) throw new Error('FOLDER must be given: node infra/local/build/programs.ts FOLDER');
  await buildPrograms(target);
}
