/** Nothing to look at is not a sound archive. */
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { CommandError, EXIT } from '../exit.ts';
import type { Settings } from '../settings.ts';

export function noArchive({ dataDir, dataDirFrom }: Pick<Settings, 'dataDir' | 'dataDirFrom'>): CommandError {
  const folder = dataPath(dataDir, 'segments');
  return new CommandError({
    code: 'no_archive',
    message: `${dataDirFrom} must be a data folder with an archive (got ${JSON.stringify(dataDir)}: nothing is in ${folder})`,
    fix: 'Name the folder with --data-dir or TRIBUTARY_DATA_DIR. A platform that began a moment ago archives its first segment with the first generation.',
    exitCode: EXIT.usage,
  });
}
