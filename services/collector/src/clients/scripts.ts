/**
 * The browser libraries of Segment and of PostHog, as their npm packages have them: the script that a page's snippet loads, and the parts that
 * this loads later.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

export interface Script {
  readonly plain: Buffer;
  readonly gzip: Buffer;
}

export interface Library {
  readonly folder: string;
  /** Undefined when the package has no such script. */
  scriptNamed(name: string): Script | undefined;
}

export const SEGMENT = libraryIn('@segment/analytics-next', 'dist/umd');
export const SEGMENT_SNIPPET = 'standalone.js';
/** Beside what pages load, the folder has modules for those who bundle it. */
export const POSTHOG = libraryIn('posthog-js', 'dist', /^(?:module|main)\b/);
export const POSTHOG_SNIPPET = 'array.js';

function libraryIn(packageName: string, path: string, left?: RegExp): Library {
  const folder = join(dirname(createRequire(import.meta.url).resolve(`${packageName}/package.json`)), path);
  /** Each script of the folder, read and compressed once it was asked for. */
  const loaded = new Map<string, Script | undefined>();
  return {
    folder,
    scriptNamed(name) {
      if (loaded.size === 0)
        for (const file of readdirSync(folder)) if (file.endsWith('.js') && !left?.test(file)) loaded.set(file, undefined);
      if (!loaded.has(name)) return undefined;
      const script = loaded.get(name) ?? compressed(readFileSync(join(folder, name)));
      loaded.set(name, script);
      return script;
    },
  };
}

function compressed(plain: Buffer): Script {
  return { plain, gzip: gzipSync(plain) };
}
