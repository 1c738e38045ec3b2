/** What `npm run console` built, for the server that hands it out: a page, and files that it loads, by name. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

export interface BuiltFile {
  /** Media type with its charset. */
  readonly type: string;
  readonly bytes: Buffer;
  readonly gzipped: Buffer;
}

export interface Built {
  readonly page: BuiltFile;
  /** By names that change with what they hold. */
  readonly assets: ReadonlyMap<string, BuiltFile>;
}

/** What a build writes beside its files. */
interface BuiltList {
  readonly assets: readonly string[];
}

export const BUILT_FOLDER = join(import.meta.dirname, '../dist');
export const PAGE_FILE = 'page.html';
export const LIST_FILE = 'built.json';

const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};
const NAME = /^[\w-]+\.(?<ending>css|html|js|svg)$/;

/** null: it was not built. Throws where a build was torn apart. */
export function readBuilt(folder: string = BUILT_FOLDER): Built | null {
  const list = readList(folder);
  if (list === null) return null;
  return {
    page: readFile(folder, PAGE_FILE),
    assets: new Map(list.assets.map((name) => [name, readFile(folder, name)])),
  };
}

function readList(folder: string = BUILT_FOLDER): BuiltList | null {
  try {
    return JSON.parse(readFileSync(join(folder, LIST_FILE), 'utf8')) as BuiltList;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw cause;
  }
}

function readFile(folder: string, name: string): BuiltFile {
  const type = TYPES[NAME.exec(name)?.groups?.['ending'] ?? ''];
  if (type === undefined)
    throw new Error(`a file of the console must be a name with a known ending (got ${JSON.stringify(name)})`);
  const bytes = readFileSync(join(folder, name));
  return { type, bytes, gzipped: gzipSync(bytes, { level: 9 }) };
}
