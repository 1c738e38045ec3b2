/**
 * `tributary recover`: what was lost, what it is rebuilt from, and what stays gone. Where the log in Redis is lost it lets the next start create
 * it again behind what is archived, once; everything else the roles rebuild by themselves, from archive, generations and log.
 */
import type { Audit } from '@tributary/archive/audit/audit';
import { isDamage } from '@tributary/archive/audit/faults';
import type { Command } from 'commander';
import { type Act, answer, type Context } from '../context.ts';
import { CommandError, EXIT, type ExitCode } from '../exit.ts';
import { demandOwner } from '../owner.ts';
import type { Loss } from '../recovery/find-loss.ts';
import { count, counted, instant } from '../terminal/figures.ts';
import { auditOf } from './archive-verify.ts';

interface Options {
  readonly dryRun?: boolean;
  readonly quick?: boolean;
  readonly lostLog?: boolean;
}

export function fillRecover(command: Command, act: Act): void {
  command
    .option('--dry-run', 'only say it')
    .option('--quick', 'compare lengths of archived files only, not checksums')
    .option('--lost-log', 'the log in Redis is lost, though its Redis does not answer or files of it are there')
    .action(act(recover));
}

async function recover(context: Context, options: Options): Promise<ExitCode> {
  const { shell, settings } = context;
  if (options.dryRun !== true) await demandOwner(settings.dataDir);
  const audit = await auditOf(context, options.quick === true);
  const identity = demandSound(audit);
  const { askRestore, isRestoreAsked } = await import('@tributary/runtime/event-log/restores');
  const { findLoss } = await import('../recovery/find-loss.ts');
  const found = await findLoss(context, identity, audit.partitions);
  const isLost = found.state === 'gone' || (found.state === 'unknown' && options.lostLog === true);
  const asked = isLost && options.dryRun !== true;
  if (asked) askRestore(settings.dataDir, identity, shell.now());
  if (asked && !isRestoreAsked(settings.dataDir, identity))
    throw new CommandError({
      code: 'not_noted',
      message: `${settings.dataDir} must be writable for the next start to know of it`,
      fix: 'Run it as the user of the roles.',
    });
  const report = {
    log: found.state,
    detail: found.detail,
    ...reachOf(audit),
    ...rebuiltBy(found, isLost),
    gone: goneOf(found, isLost, audit),
  };
  const needsMore = found.state === 'foreign' || found.holes.length > 0 || (found.state === 'unknown' && !isLost);
  await answer(context, { ok: !needsMore, asked, ...report, next: nextOf(found, isLost, asked) }, () =>
    [
      `log        ${found.detail}`,
      `archive    ${reachText(report)}`,
      `generation ${report.generation === null ? 'none: "tributary batch run --full --wait" computes one' : `${report.generation} is published and whole`}`,
      ...report.rebuilt.map((line) => `rebuilt    ${line}`),
      ...report.gone.map((line) => `gone       ${line}`),
      ...nextOf(found, isLost, asked).map((line) => `→ ${line}`),
    ].join('\n'),
  );
  return needsMore ? EXIT.found : EXIT.ok;
}

/** A speed layer that is rebuilt from a damaged archive would stand still, or lack what is missing. Returns the log's identity. */
function demandSound({ faults, partitions, logIdentity }: Audit): string {
  const ofArchive = faults.filter((fault) => isDamage(fault) && fault.generation === undefined);
  const [first] = ofArchive;
  if (first !== undefined)
    throw new CommandError({
      code: 'archive_corrupt',
      message: `nothing is rebuilt from an archive that is damaged: ${first.path} ${first.detail}${ofArchive.length > 1 ? `, and ${count(ofArchive.length - 1)} more` : ''}`,
      fix: '"tributary archive verify" names all of it, "tributary archive repair --from FOLDER" brings it back from a second copy.',
    });
  if (logIdentity === null || partitions.length === 0)
    throw new CommandError({
      code: 'no_archive',
      message: 'nothing was archived: there is nothing to rebuild from',
      fix: 'Start the platform.',
    });
  return logIdentity;
}

function reachOf({ partitions, generations }: Audit) {
  const events = partitions.reduce((sum, each) => sum + each.events, 0);
  const ends = partitions.flatMap(({ upTo }) => appendedAt(upTo));
  const published = generations.find((each) => each.published && each.state === 'computed' && each.faults === 0);
  const instants = ends.length === partitions.length ? { from: Math.min(...ends), to: Math.max(...ends) } : null;
  return { events, partitions: partitions.length, archivedUpTo: instants, generation: published?.generation ?? null };
}

/** Positions in Redis Streams begin with the instant, as epoch ms; those of Kafka say none. */
function appendedAt(position: string | null): number[] {
  const ms = Number(/^0*(\d{13})-\d+$/.exec(position ?? '')?.[1] ?? Number.NaN);
  return Number.isFinite(ms) ? [ms] : [];
}

function reachText({ events, partitions, archivedUpTo }: ReturnType<typeof reachOf>): string {
  const until =
    archivedUpTo === null
      ? ''
      : `, up to ${instant(archivedUpTo.from)} in all of them, ${instant(archivedUpTo.to)} in the newest`;
  return `${counted(events, 'event')} in ${counted(partitions, 'partition')}, as their manifests say${until}`;
}

function rebuiltBy({ older, state }: Loss, isLost: boolean): { readonly rebuilt: readonly string[] } {
  const fromArchive = 'records, deltas, positions and the pointer: by the speed workers, from archive, generations and log';
  if (isLost) return { rebuilt: ['the log, under its identity, empty behind what is archived', fromArchive] };
  if (state === 'foreign' || state === 'unknown') return { rebuilt: [] };
  if (older.length > 0)
    return {
      rebuilt: [
        `the log of ${named(older)} ends before what is archived of it: it begins behind that, once an archiver runs`,
        fromArchive,
      ],
    };
  return {
    rebuilt: ['what Redis lost of records, deltas and positions: by the speed workers, from archive, generations and log'],
  };
}

function goneOf({ holes, older }: Loss, isLost: boolean, audit: Audit): readonly string[] {
  const { archivedUpTo } = reachOf(audit);
  const since = archivedUpTo === null ? 'the end of the archive' : instant(archivedUpTo.from);
  return [
    ...(isLost
      ? [
          `events that were acknowledged after ${since} and not archived (at most TRIBUTARY_SEGMENT_MAX_AGE_MS, 20 min, of each partition): nothing says which`,
          'dead letters as a list (the records are in archive/dead), outputs that were not sent yet, questions and runs that waited',
          'schedules: "default" comes back as TRIBUTARY_BATCH_EVERY_MS says, and publishes also where it was paused; set the others again. Start recompute workers with 0 where none may publish',
        ]
      : []),
    ...(older.length > 0 && !isLost
      ? [`what was acknowledged after the copy of Redis and not archived, of ${named(older)}: archivers that still run have it`]
      : []),
    ...(holes.length > 0 ? [`entries between the end of the archive and the beginning of the log, of ${named(holes)}`] : []),
  ];
}

function nextOf({ state, holes }: Loss, isLost: boolean, asked: boolean): readonly string[] {
  if (state === 'foreign')
    return ['Name the Redis, or the brokers, and the data folder of one platform: --redis-url, --data-dir.'];
  if (holes.length > 0)
    return [
      'Bring the segments back: "tributary archive repair --from FOLDER". Without a copy that has them, begin a new log with an empty folder.',
    ];
  if (isLost && !asked) return ['Without --dry-run, the next start of the roles creates the log again.'];
  if (asked)
    return [
      'Start all roles as always: the first of them creates the log again, once. Then "tributary batch run --full --wait".',
    ];
  if (state === 'unknown')
    return [
      'Start the platform: what Redis has comes back with it. Where its files are lost or damaged for good, move them away and run "tributary recover --lost-log".',
    ];
  return ['Nothing is to be done: start the roles, or let them run. "tributary status" says when answers are complete again.'];
}

function named(partitions: readonly number[]): string {
  const shown = partitions.slice(0, 8).join(', ');
  return `${partitions.length === 1 ? 'partition' : 'partitions'} ${shown}${partitions.length > 8 ? ` and ${partitions.length - 8} more` : ''}`;
}
