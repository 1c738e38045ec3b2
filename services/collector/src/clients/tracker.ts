/** The scripts of the tracker, as `npm run tracker` built them. They are files: no code of this process. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ATTENTION, SCRIPT } from '@tributary/tracker/built';
import type { Library, Script } from './scripts.ts';

const NAMES: ReadonlySet<string> = new Set([SCRIPT, ATTENTION]);

/** Read once they were asked for, and again as long as they are not there. */
export function trackerIn(folder: string): Library {
  const loaded = new Map<string, Script>();
  return {
    folder,
    scriptNamed(name) {
      if (!NAMES.has(name)) return undefined;
      const script = loaded.get(name) ?? read(join(folder, name));
      if (script !== undefined) loaded.set(name, script);
      return script;
    },
  };
}

function read(path: string): Script | undefined {
  try {
    const plain = readFileSync(path);
    return { plain, gzip: gzipSync(plain, { level: 9 }) };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cause;
  }
}
