/** The TypeScript files of the repository and what they import. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Import {
  /** Path of the importing file from the root of the repository, with forward slashes. */
  readonly file: string;
  readonly specifier: string;
}

export const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

const SOURCE_FOLDERS = ['packages', 'services', 'jobs', 'infra', 'test'];
const SKIPPED = new Set(['node_modules', 'dist', '.turbo', '.tributary']);

/** Paths from the root of the repository, with forward slashes, sorted. */
export function sourceFiles(root: string = REPOSITORY): string[] {
  return SOURCE_FOLDERS.flatMap((folder) => walk(join(root, folder)))
    .map((file) => relative(root, file).split(sep).join('/'))
    .sort();
}

export function textOf(file: string, root: string = REPOSITORY): string {
  return readFileSync(join(root, file), 'utf8');
}

/** Static and dynamic imports, re-exports, and what is resolved as an import would be, with a literal specifier. */
const IMPORT =
  /(?:^|[\n;])\s*(?:import|export)\s(?:[^'"`;]*?\sfrom\s*)?['"]([^'"]+)['"]|\bimport(?:\.meta\.resolve)?\(\s*['"]([^'"]+)['"]/g;

export function importsOf(file: string, text: string): Import[] {
  return [...text.matchAll(IMPORT)].map((match) => ({ file, specifier: match[1] ?? match[2] ?? '' }));
}

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return walk(path);
    return entry.isFile() && /\.tsx?$/.test(entry.name) ? [path] : [];
  });
}
