/** Where everything lies in the data folder: the one place that forms its paths. `layout.ts` of the archive says what is in them. */
import { join } from 'node:path';

/** Relative to the data folder, with forward slashes, as manifests write them. */
export const DATA_PATHS = {
  keys: 'keys.json',
  eventLogNote: 'log.json',
  events: 'archive/events',
  dead: 'archive/dead',
  segments: 'archive/segments',
  generations: 'generations',
  publications: 'generations/publications',
  questions: 'questions',
  staging: 'staging',
  quarantine: 'quarantine',
} as const;

/** A shell replaces "~" at the beginning of a word only, and without quotes: it would become a folder of that name. */
export function unexpanded(name: string, path: string): string {
  return `${name} must not begin with "~", which the shell did not replace (got ${JSON.stringify(path)}). Write the whole path.`;
}

export function dataPath(dataDir: string, of: keyof typeof DATA_PATHS, ...names: readonly string[]): string {
  return join(dataDir, DATA_PATHS[of], ...names);
}
