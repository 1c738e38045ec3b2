/** `tributary archive fetch`: a data folder is brought up to an archive that lies in an object store, as for a machine that has nothing yet. */
import { randomUUID } from 'node:crypto';
import type { ArchiveStore } from '@tributary/archive/objects/port';
import type { Command } from 'commander';
import { type Act, answer, type Context } from '../context.ts';
import { EXIT, type ExitCode, UsageError } from '../exit.ts';
import { demandOwner } from '../owner.ts';
import { counted } from '../terminal/figures.ts';

export function fillArchiveFetch(command: Command, act: Act): void {
  command
    .argument('<place>', 'what TRIBUTARY_ARCHIVE of the archivers is: s3://BUCKET/PREFIX, or a folder')
    .action(act(fetchArchive));
}

async function fetchArchive(context: Context, named: string): Promise<ExitCode> {
  const { shell, settings } = context;
  const { dataDir } = settings;
  const { archivePlaceTrouble, bucketRule, openArchivePlace, refusalOf } = await import('@tributary/archive/objects/place');
  const wrong = archivePlaceTrouble(named);
  if (named === '' || wrong !== undefined) {
    const rule = bucketRule(named) ?? 'be s3://BUCKET/PREFIX or the whole path of a folder';
    throw new UsageError(`PLACE must ${rule} (got ${JSON.stringify(named)}). Name what TRIBUTARY_ARCHIVE of the archivers is.`);
  }
  const { apartTrouble } = await import('@tributary/archive/objects/apart');
  const within = apartTrouble(named, dataDir);
  if (within !== undefined) throw new UsageError(`PLACE must ${within.must} (got ${JSON.stringify(named)}). ${within.fix}`);
  const { openSharedArchive } = await import('@tributary/archive/changes/shared-archive');
  const { partitionsOf } = await import('@tributary/archive/audit/audit');
  const { lastSegmentNumber } = await import('@tributary/archive/segments');
  await demandOwner(dataDir);
  let store: ArchiveStore | undefined;
  let partitions: readonly number[] = [];
  try {
    store = await openArchivePlace(named, { env: shell.env, sleep: shell.sleep });
    const shared = openSharedArchive({ dataDir, store, newId: randomUUID, sleep: shell.sleep });
    await shared.follow(shell.signal);
    // A folder that had one before has it still where the place has none, or another one.
    const isEmpty = (await store.list('changes/', '', shell.signal)).length === 0;
    if (!isEmpty) partitions = await partitionsOf(dataDir);
    for (const partition of partitions) await shared.demandWhole(partition, shell.signal);
  } catch (error) {
    const refusal = refusalOf(named, error);
    throw refusal === undefined ? error : new UsageError(refusal.message, { cause: error });
  } finally {
    store?.[Symbol.dispose]();
  }
  if (partitions.length === 0)
    throw new UsageError(
      `PLACE must have an archive (got ${JSON.stringify(named)}: nothing of one is there). Name what TRIBUTARY_ARCHIVE of the archivers is, or wait for their first segment: it comes with the first generation.`,
    );
  const numbers = await Promise.all(partitions.map((partition) => lastSegmentNumber(dataDir, partition)));
  const segments = numbers.reduce((sum, last) => sum + last + 1, 0);
  const folder = { dataDir, place: named, partitions: partitions.length, segments };
  await answer(context, folder, () =>
    [
      `${dataDir} has the archive in ${named}: ${counted(segments, 'segment')} in ${counted(partitions.length, 'partition')}.`,
      'Start the platform there with TRIBUTARY_ARCHIVE set to it; where Redis was lost, docs/production.md says how ("Backup and restore").',
    ].join('\n'),
  );
  return EXIT.ok;
}
