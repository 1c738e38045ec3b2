/** Loaded in each process of tests before them (vitest.config.ts), which Node loads itself: how it finds and reads two kinds of files. */
import { type ResolveHookSync, registerHooks } from 'node:module';

const CHILD = "new URL('./main.ts', import.meta.url)";
const { BUILT_PROGRAMS: programs } = process.env;
const loaded = new Set<string>();
let isAround = false;

registerHooks({
  /** Hooks are asked in turn from the latest: at the first test file those of the test runner are there, and the one below comes around them. */
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context);
    if (!isAround && resolved.url.endsWith('.test.ts')) {
      isAround = true;
      registerHooks({ resolve: withoutTime });
    }
    return resolved;
  },

  /** Where `npm test` built the programs of children (infra/local/programs.mjs), those that a test starts by itself are of them too. */
  load(url, context, nextLoad) {
    const read = nextLoad(url, context);
    const [, job] = /\/jobs\/(\w+)\/src\/child\/child\.ts$/.exec(url) ?? [];
    if (job === undefined || programs === undefined) return read;
    const [before, after] = String(read.source).split(CHILD);
    if (before === undefined || after === undefined)
      throw new Error(`${url} must start its child where test/native-modules.ts replaces it`);
    return { ...read, source: `${before}new URL('file://${programs}/${job}-child.mjs')${after}` };
  },
});

/** The test runner adds the time to the address of a test file: Node would keep what it compiled of it under another name with each run. */
function withoutTime(...[specifier, context, nextResolve]: Parameters<ResolveHookSync>): ReturnType<ResolveHookSync> {
  const resolved = nextResolve(specifier, context);
  const url = resolved.url.replace(/\.test\.ts\?vitest=\d+$/, '.test.ts');
  // To be run once more it needs another address.
  if (loaded.has(url)) return resolved;
  if (url !== resolved.url) loaded.add(url);
  return { ...resolved, url };
}
