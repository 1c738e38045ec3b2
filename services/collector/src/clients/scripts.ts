/** Segment's browser library, as its npm package has it: the script that the snippet loads, and the parts that this loads later. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export interface Script {
  readonly plain: Buffer;
  readonly gzip: Buffer;
}

export const FOLDER = join(dirname(createRequire(import.meta.url).resolve('@segment/analytics-next/package.json')), 'dist/umd');
export const SNIPPET = 'standalone.js';

/** Each file that may be asked for, once it was. */
const loaded = new Map<string, Script | undefined>();

/** Undefined when the package has no such script. */
export function scriptNamed(name: string): Script | undefined {
  if (loaded.size === 0) for (const file of readdirSync(FOLDER)) if (file.endsWith('.js')) loaded.set(file, undefined);
  if (!loaded.has(name)) return undefined;
  const script = loaded.get(name) ?? { plain: readFileSync(join(FOLDER, name)), gzip: readFileSync(join(FOLDER, `${name}.gz`)) };
  loaded.set(name, script);
  return script;
}
