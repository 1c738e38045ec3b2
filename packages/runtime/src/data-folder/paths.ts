/** Where everything lies in the data folder: the one place that forms its paths. `layout.ts` of the archive says what is in them. */
import { join } from 'node:path';

/** Relative to the data folder, with forward slashes, as manifests write them. */
export const DATA_PATHS = {
  keys: 'keys.json',
  /** Where `npm start` listens, and its keys. */
  localAccess: 'keys.local.json',
  demo: 'demo.json',
  /** What the roles of a folder with the demo count by, where no other definitions are given. */
  demoDefinitions: 'demo-definitions.json',
  /** Whose `npm start` runs here. */
  supervisorLock: 'supervisor.lock',
  eventLogNote: 'log.json',
  archiveIdentity: 'archive/identity.json',
  /** Whose events archived files may lack. */
  archiveForgotten: 'archive/forgotten.json',
  /** How far the folder has the changes of an archive that lies in an object store. */
  archiveChanges: 'archive/changes.json',
  /** Which folder this is, of those that follow such an archive. */
  archiveFolder: 'archive/folder.json',
  /** Manifests that were replaced here, and not there yet. */
  archiveUnshared: 'archive/unshared',
  /** From when on archived files hold all events, and what retention by age took out of them. */
  archiveRetired: 'archive/retired.json',
  /** Who asked for that, and when. */
  retirements: 'archive/retirements',
  /** Held by who replaces archived files. */
  archiveLock: 'archive/replacing.lock',
  /** What digests of erased users are made with. */
  erasureKey: 'erasure-key.json',
  events: 'archive/events',
  dead: 'archive/dead',
  segments: 'archive/segments',
  generations: 'generations',
  publications: 'generations/publications',
  questions: 'questions',
  trainingSets: 'training-sets',
  /** Programs beside the platform that write events back. */
  computations: 'computations',
  /** Receipts, with digests of users. */
  erasures: 'erasures',
  staging: 'staging',
  quarantine: 'quarantine',
  logs: 'logs',
  redis: 'redis',
} as const;

/** Made by "npm start", for what roles print and for its Redis: a role does not write there. */
const OF_THE_START: readonly string[] = [DATA_PATHS.logs, DATA_PATHS.redis];

/** Every folder of the data folder, each after the one that it lies in. */
export const DATA_FOLDERS: readonly string[] = [
  ...new Set(
    Object.values(DATA_PATHS)
      .filter((path) => !/\.(?:json|lock)$/.test(path))
      .flatMap(withParents),
  ),
];

/** What roles write to. */
export const FOLDERS_OF_ROLES: readonly string[] = DATA_FOLDERS.filter((path) => !OF_THE_START.includes(path));

/** `a/b` → `a`, `a/b`. */
function withParents(path: string): string[] {
  const parts = path.split('/');
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}

/** As people name it, where what named it is not known: a role gets it by its environment from the command that starts it. */
export const DATA_FOLDER = 'TRIBUTARY_DATA_DIR (--data-dir)';

export function dataPath(dataDir: string, of: keyof typeof DATA_PATHS, ...names: readonly string[]): string {
  return join(dataDir, DATA_PATHS[of], ...names);
}
