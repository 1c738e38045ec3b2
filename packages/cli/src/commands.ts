/**
 * Which commands there are, what each is about, and where its code is. Only what the arguments name is loaded: reading code is most of what a short
 * command takes. What is listed alone, by the help of the program and of its groups, needs no code; each module imports Redis' client, and what reads
 * manifests and definitions, when it acts.
 */
import type { Command } from 'commander';
import type { Act } from './context.ts';

/** Gives the command its arguments, options, sub-commands and what it does. `whole`: the program with every command filled in. */
type Fill = (command: Command, act: Act, whole: () => Promise<Command>) => void;

interface Entry {
  /** A command, or a group and its command. */
  readonly path: string;
  /** Said nowhere else: the module has it from here. */
  readonly about: string;
  /** Absent: a group, whose commands follow it. */
  readonly load?: () => Promise<Fill>;
}

const ENTRIES: readonly Entry[] = [
  {
    path: 'dev',
    about: 'start the whole platform on this machine, as "npm start" does; arguments are passed on',
    load: async () => (await import('./commands/roles.ts')).fillDev,
  },
  {
    path: 'start',
    about: 'start one role in the foreground; "tributary start ROLE -- --help" lists its settings',
    load: async () => (await import('./commands/roles.ts')).fillStart,
  },
  { path: 'import', about: 'load history from files' },
  {
    path: 'import access-log',
    about: 'page views from a web server log in combined format, plain or gzip',
    load: async () => (await import('./commands/import-access-log-options.ts')).fillAccessLog,
  },
  {
    path: 'import csv',
    about: 'events from a CSV file with a header, plain or gzip; docs/importing.md has examples',
    load: async () => (await import('./commands/import-csv-options.ts')).fillCsv,
  },
  { path: 'events', about: 'send and check events, see what was rejected, follow the log' },
  {
    path: 'events send',
    about: 'send one event given by options, or many from a file or standard input (one JSON object a line)',
    load: async () => (await import('./commands/events-send-options.ts')).fillEventsSend,
  },
  {
    path: 'events check',
    about: 'what the collector would reject of a file, line by line; nothing is written',
    load: async () => (await import('./commands/events-check-options.ts')).fillEventsCheck,
  },
  {
    path: 'events rejections',
    about: 'what the collector rejected since it started, the last of each reason, key and rule',
    load: async () => (await import('./commands/events-rejections.ts')).fillEventsRejections,
  },
  {
    path: 'events tail',
    about: 'follow the events that the log takes, or what the speed layer sends out; ends with Ctrl-C',
    load: async () => (await import('./commands/events-tail.ts')).fillEventsTail,
  },
  { path: 'signals', about: "users' signals", load: async () => (await import('./commands/signals.ts')).fillSignals },
  {
    path: 'segments',
    about: 'who is in a segment, and how many by day',
    load: async () => (await import('./commands/segments.ts')).fillSegments,
  },
  {
    path: 'counts',
    about: 'what definitions count over all users: the values with the most events',
    load: async () => (await import('./commands/counts.ts')).fillCounts,
  },
  {
    path: 'client',
    about: 'what programs need that read signals',
    load: async () => (await import('./commands/client.ts')).fillClient,
  },
  {
    path: 'computations',
    about: 'programs beside the platform that write events back',
    load: async () => (await import('./commands/computations.ts')).fillComputations,
  },
  {
    path: 'interventions',
    about: 'act on what signals say, with a signed webhook',
    load: async () => (await import('./commands/interventions.ts')).fillInterventions,
  },
  { path: 'users', about: 'what is stored of one user' },
  {
    path: 'users export',
    about: 'all that is stored of a user, with where it is stored, as lines of JSON; an admin key',
    load: async () => (await import('./commands/users-export.ts')).fillUsersExport,
  },
  {
    path: 'users keys',
    about: 'the keys of one person, and who answers for a key, where definitions join keys',
    load: async () => (await import('./commands/users-keys.ts')).fillUsersKeys,
  },
  {
    path: 'users link',
    about: 'say that a key is of this user: its events count for them, also where it is that of a known user',
    load: async () => (await import('./commands/users-keys.ts')).fillUsersLink,
  },
  {
    path: 'users unlink',
    about: 'end every link between a key and this user that was made before',
    load: async () => (await import('./commands/users-keys.ts')).fillUsersUnlink,
  },
  {
    path: 'users erase',
    about: 'let nothing of users count any longer, and refuse what comes of them',
    load: async () => (await import('./commands/users-erase.ts')).fillUsersErase,
  },
  {
    path: 'users erasures',
    about: 'erasures and how far each is; of one, where bytes may still lie',
    load: async () => (await import('./commands/users-erase.ts')).fillUsersErasures,
  },
  {
    path: 'users lift',
    about: 'let what comes of an erased user count again; nothing from before comes back',
    load: async () => (await import('./commands/users-erase.ts')).fillUsersLift,
  },
  {
    path: 'conversions',
    about: 'conversions one by one',
    load: async () => (await import('./commands/conversions.ts')).fillConversions,
  },
  { path: 'attribution', about: 'which channels the conversions are credited to' },
  {
    path: 'attribution report',
    about: 'credit, value, ROAS and CPA by channel, campaign, time, type or currency, under one model',
    load: async () => (await import('./commands/attribution-report-options.ts')).fillAttributionReport,
  },
  {
    path: 'attribution compare',
    about: 'several models side by side',
    load: async () => (await import('./commands/attribution-compare-options.ts')).fillAttributionCompare,
  },
  {
    path: 'attribution paths',
    about: 'the most frequent paths of conversions, their lengths and time lags, and who assists',
    load: async () => (await import('./commands/attribution-paths.ts')).fillAttributionPaths,
  },
  {
    path: 'attribution lags',
    about: 'days from the first touch of each channel to the conversion',
    load: async () => (await import('./commands/attribution-lags.ts')).fillAttributionLags,
  },
  {
    path: 'attribution explain',
    about: 'one conversion: each touch, its credit under every model, and why',
    load: async () => (await import('./commands/attribution-explain.ts')).fillAttributionExplain,
  },
  {
    path: 'attribution power',
    about: 'how many conversions until the interval of a share is that narrow; docs/uncertainty.md',
    load: async () => (await import('./commands/attribution-power-options.ts')).fillAttributionPower,
  },
  {
    path: 'attribution run',
    about: 'every model over a file of paths, no platform needed; docs/attribution-files.md has the format',
    load: async () => (await import('./commands/attribution-run-options.ts')).fillAttributionRun,
  },
  { path: 'web', about: 'what people do on pages', load: async () => (await import('./commands/web.ts')).fillWeb },
  {
    path: 'batch',
    about: 'the batch layer: generations, and which one readers get',
    load: async () => (await import('./commands/batch.ts')).fillBatch,
  },
  {
    path: 'schedules',
    about: 'when runs of the batch layer begin by themselves',
    load: async () => (await import('./commands/schedules.ts')).fillSchedules,
  },
  {
    path: 'reprocess',
    about: 'what a run of the batch layer would do, before it is asked for',
    load: async () => (await import('./commands/reprocess.ts')).fillReprocess,
  },
  { path: 'archive', about: 'the archived events: their files, and reports under other windows than those of the definitions' },
  {
    path: 'archive ask',
    about: 'compute what reports would say under other windows; "attribution report --archive ID" reads it',
    load: async () => (await import('./commands/archive.ts')).fillArchiveAsk,
  },
  {
    path: 'archive list',
    about: 'the questions that are kept, newest first',
    load: async () => (await import('./commands/archive.ts')).fillArchiveList,
  },
  {
    path: 'archive drop',
    about: 'cancel a question, or give up its answer',
    load: async () => (await import('./commands/archive.ts')).fillArchiveDrop,
  },
  {
    path: 'archive verify',
    about: 'hold every file of the archive and of the generations against its manifest; exit 1 when something is damaged',
    load: async () => (await import('./commands/archive-verify.ts')).fillArchiveVerify,
  },
  {
    path: 'archive repair',
    about: 'bring damaged and missing files back from a second copy of the data folder, each held against its manifest first',
    load: async () => (await import('./commands/archive-repair.ts')).fillArchiveRepair,
  },
  {
    path: 'archive fetch',
    about:
      'bring the data folder (--data-dir), which may be empty, up to the archive that its archivers share (TRIBUTARY_ARCHIVE)',
    load: async () => (await import('./commands/archive-fetch.ts')).fillArchiveFetch,
  },
  {
    path: 'archive retire',
    about: 'let archived events go that are older than some days; shows what goes, and asks to repeat it',
    load: async () => (await import('./commands/archive-retire.ts')).fillArchiveRetire,
  },
  {
    path: 'archive retirements',
    about: 'what was retired from the archive, when, by whom and why, newest first',
    load: async () => (await import('./commands/archive-retire.ts')).fillArchiveRetirements,
  },
  {
    path: 'archive attach',
    about: 'print what to paste to read the archived events with DuckDB, pandas or Spark',
    load: async () => (await import('./commands/archive-attach.ts')).fillArchiveAttach,
  },
  {
    path: 'backup',
    about:
      'copy archive, generations, publications, keys and the note of the log to a new folder or an object store, each file held against its manifest',
    load: async () => (await import('./commands/backup.ts')).fillBackup,
  },
  {
    path: 'restore',
    about: 'put a whole backup in the place of the data folder (--data-dir), which must be empty or not there',
    load: async () => (await import('./commands/backup.ts')).fillRestore,
  },
  {
    path: 'recover',
    about: 'name what was lost and what it is rebuilt from; where the log in Redis is gone, let the next start create it again',
    load: async () => (await import('./commands/recover.ts')).fillRecover,
  },
  {
    path: 'reconcile',
    about: 'real time against the recomputed truth',
    load: async () => (await import('./commands/reconcile.ts')).fillReconcile,
  },
  {
    path: 'dead-letters',
    about: 'records of the log that could not be read as events',
    load: async () => (await import('./commands/dead-letters.ts')).fillDeadLetters,
  },
  {
    path: 'definitions',
    about: 'which events are touches and conversions, and how credit is given',
    load: async () => (await import('./commands/definitions.ts')).fillDefinitions,
  },
  { path: 'keys', about: 'the API keys of the data folder', load: async () => (await import('./commands/keys.ts')).fillKeys },
  {
    path: 'status',
    about: 'how far the speed layer and the batch layer are; exit 1 when answers are incomplete',
    load: async () => (await import('./commands/status.ts')).fillStatus,
  },
  {
    path: 'doctor',
    about: 'examine machine, Redis, archive, generations, services and answers; exit 1 when something failed',
    load: async () => (await import('./commands/doctor-options.ts')).fillDoctor,
  },
  {
    path: 'completion',
    about: 'a script for your shell that completes commands, options and their values',
    load: async () => (await import('./commands/completion.ts')).fillCompletion,
  },
];

/** Which commands are filled in: those that the words of the arguments name, or all of them. */
export type Named = readonly string[] | 'all';

export async function addCommands(program: Command, act: Act, named: Named, whole: () => Promise<Command>): Promise<void> {
  for (const { path, about, load } of ENTRIES) {
    const words = path.split(' ');
    const group = program.commands.find((child) => words.length > 1 && child.name() === words[0]);
    const command = (group ?? program).command(words.at(-1) ?? path).description(about);
    if (load !== undefined && (named === 'all' || words.every((word) => named.includes(word))))
      (await load())(command, act, whole);
  }
}
