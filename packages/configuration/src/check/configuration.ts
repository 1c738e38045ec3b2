/**
 * One check of all that roles are configured with, before the first of them starts: settings, definitions, folders, keys, and the
 * servers. Each trouble is one sentence: `NAME must RULE (got VALUE). FIX.`
 */

import { existsSync } from 'node:fs';
import { kafkaConfiguration } from '@tributary/log/kafka/configuration';
import { RESTORE_IS_ON } from '@tributary/log/settings';
import { loadDefinitions } from '@tributary/runtime/config/definitions';
import { type Environment, examine } from '@tributary/runtime/config/read-config';
import type { Value } from '@tributary/runtime/config/setting';
import { redisFolderTrouble } from '@tributary/runtime/data-folder/disk-space';
import { DATA_FOLDERS, dataPath, FOLDERS_OF_ROLES } from '@tributary/runtime/data-folder/paths';
import { ROLE_SETTINGS } from '../role-settings.ts';
import { judgeUnknown } from '../unknown.ts';
import { folderTroubles, rejectionOf, thrownBy } from './folders.ts';
import type { PlannedLog } from './servers.ts';

export interface ConfigurationToCheck {
  readonly env: Environment;
  /** The data folder where it is not named by the environment, and what names it. */
  readonly dataDir?: { readonly name: string; readonly path: string };
  /** False: Redis is not there yet, and comes with the platform. */
  readonly redis: boolean;
  /** How long servers that do not answer may take to come up. */
  readonly waitMs: number;
}

export interface Examined {
  /** Nothing must start. */
  readonly troubles: readonly string[];
  /** For an operator to know. */
  readonly notes: readonly string[];
}

/** What depends on a wrong setting is not looked at: its trouble would be another one. */
export async function examineConfiguration({ env, dataDir, redis, waitMs }: ConfigurationToCheck): Promise<Examined> {
  const { troubles, notes, values } = examineSettings(env);
  if (troubles.length > 0) return { troubles, notes };
  const read = values as Readonly<{ [K in keyof (typeof ROLE_SETTINGS)['speed']]: Value }>;
  const brokers = String(read.kafkaBrokers);
  const folder = dataDir ?? { name: 'TRIBUTARY_DATA_DIR', path: String(read.dataDir) };
  const files = [
    ...(await rejectionOf(() => loadDefinitions(String(read.definitionsFile)))),
    ...thrownBy(() => kafkaConfiguration(values as Parameters<typeof kafkaConfiguration>[0], 'check')),
    // Where Redis comes with the platform, it and what roles print have folders there as well.
    ...folderTroubles(folder, Number(read.partitions), redis ? FOLDERS_OF_ROLES : DATA_FOLDERS),
  ];
  const redisFolder = redisFolderTrouble(String(read.redisFolder));
  const log = {
    dataDir: folder.path,
    restore: read.restoreLostLog === true,
    partitions: Number(read.partitions),
    isInKafka: brokers !== '',
  };
  const servers = redis || brokers !== '' ? await serverTroubles(redis ? String(read.redisUrl) : '', brokers, log, waitMs) : [];
  const place = await placeExamined(String(values['archive']), folder.path, env, waitMs);
  return {
    troubles: [...files, ...(redisFolder === undefined ? [] : [redisFolder]), ...servers, ...place.troubles],
    notes: [...notes, ...(read.restoreLostLog === true ? [RESTORE_IS_ON] : []), ...place.notes],
  };
}

/** Loaded where there is one, with the library of its store, or the data folder follows one. */
async function placeExamined(archive: string, dataDir: string, env: Environment, waitMs: number): Promise<Examined> {
  if (archive === '' && !existsSync(dataPath(dataDir, 'archiveChanges'))) return { troubles: [], notes: [] };
  const { examinePlace } = await import('./archive-place.ts');
  return examinePlace(archive, dataDir, env, waitMs);
}

/** Loaded when there are servers to ask: settings, files and folders need no client. */
async function serverTroubles(redisUrl: string, brokers: string, log: PlannedLog, waitMs: number): Promise<string[]> {
  const { brokerTroubles, redisTroubles } = await import('./servers.ts');
  const troubles = await Promise.all([
    redisUrl === '' ? [] : redisTroubles(redisUrl, log, waitMs),
    brokers === '' ? [] : brokerTroubles(brokers, waitMs),
  ]);
  return troubles.flat();
}

/** Settings alone, of all roles together: the same setting means the same to each. */
function examineSettings(env: Environment): Examined & { readonly values: Readonly<Record<string, Value>> } {
  const examined = Object.entries(ROLE_SETTINGS).map(([role, table]) => examine(role, table, env, []));
  const unknown = judgeUnknown(env);
  return {
    troubles: [...new Set([...examined.flatMap(({ troubles }) => troubles), ...unknown.troubles])],
    notes: unknown.notes,
    values: Object.assign({}, ...examined.map(({ values }) => values)),
  };
}
