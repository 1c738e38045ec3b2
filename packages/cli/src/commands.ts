/**
 * Which commands there are, and where. Only what the arguments name is loaded: reading code is most of what a short command takes. `--help` loads all
 * of them, so each imports Redis' client, and what reads manifests and definitions, when it acts.
 */
import type { Command } from 'commander';
import type { Act } from './context.ts';

/** Adds the command to its parent: the group, or the program. */
type Load = () => Promise<(parent: Command, act: Act) => void>;

interface Entry {
  /** A command, or a group and its command. */
  readonly path: readonly string[];
  readonly load: Load;
}

const GROUPS: Readonly<Record<string, string>> = {
  import: 'load history from files',
  events: 'send and check events, see what was rejected, follow the log',
  attribution: 'which channels the conversions are credited to',
  users: 'what is stored of one user',
  archive: 'the archived events: their files, and reports under other windows than those of the definitions',
};

/** Says what all others take. */
const COMPLETION = 'completion';

const ENTRIES: readonly Entry[] = [
  { path: ['dev'], load: async () => (await import('./commands/roles.ts')).addDev },
  { path: ['start'], load: async () => (await import('./commands/roles.ts')).addStart },
  { path: ['import', 'access-log'], load: async () => (await import('./commands/import-access-log.ts')).addAccessLog },
  { path: ['import', 'csv'], load: async () => (await import('./commands/import-csv.ts')).addCsv },
  { path: ['events', 'send'], load: async () => (await import('./commands/events-send.ts')).addEventsSend },
  { path: ['events', 'check'], load: async () => (await import('./commands/events-check.ts')).addEventsCheck },
  { path: ['events', 'rejections'], load: async () => (await import('./commands/events-rejections.ts')).addEventsRejections },
  { path: ['events', 'tail'], load: async () => (await import('./commands/events-tail.ts')).addEventsTail },
  { path: ['signals'], load: async () => (await import('./commands/signals.ts')).addSignals },
  { path: ['segments'], load: async () => (await import('./commands/segments.ts')).addSegments },
  { path: ['counts'], load: async () => (await import('./commands/counts.ts')).addCounts },
  { path: ['client'], load: async () => (await import('./commands/client.ts')).addClient },
  { path: ['computations'], load: async () => (await import('./commands/computations.ts')).addComputations },
  { path: ['interventions'], load: async () => (await import('./commands/interventions.ts')).addInterventions },
  { path: ['users', 'export'], load: async () => (await import('./commands/users-export.ts')).addUsersExport },
  { path: ['users', 'keys'], load: async () => (await import('./commands/users-keys.ts')).addUsersKeys },
  { path: ['users', 'link'], load: async () => (await import('./commands/users-keys.ts')).addUsersLink },
  { path: ['users', 'unlink'], load: async () => (await import('./commands/users-keys.ts')).addUsersUnlink },
  { path: ['users', 'erase'], load: async () => (await import('./commands/users-erase.ts')).addUsersErase },
  { path: ['users', 'erasures'], load: async () => (await import('./commands/users-erase.ts')).addUsersErasures },
  { path: ['users', 'lift'], load: async () => (await import('./commands/users-erase.ts')).addUsersLift },
  { path: ['conversions'], load: async () => (await import('./commands/conversions.ts')).addConversions },
  { path: ['attribution', 'report'], load: async () => (await import('./commands/attribution-report.ts')).addAttributionReport },
  {
    path: ['attribution', 'compare'],
    load: async () => (await import('./commands/attribution-compare.ts')).addAttributionCompare,
  },
  { path: ['attribution', 'paths'], load: async () => (await import('./commands/attribution-paths.ts')).addAttributionPaths },
  { path: ['attribution', 'lags'], load: async () => (await import('./commands/attribution-lags.ts')).addAttributionLags },
  {
    path: ['attribution', 'explain'],
    load: async () => (await import('./commands/attribution-explain.ts')).addAttributionExplain,
  },
  { path: ['attribution', 'power'], load: async () => (await import('./commands/attribution-power.ts')).addAttributionPower },
  { path: ['attribution', 'run'], load: async () => (await import('./commands/attribution-run.ts')).addAttributionRun },
  { path: ['web'], load: async () => (await import('./commands/web.ts')).addWeb },
  { path: ['batch'], load: async () => (await import('./commands/batch.ts')).addBatch },
  { path: ['schedules'], load: async () => (await import('./commands/schedules.ts')).addSchedules },
  { path: ['reprocess'], load: async () => (await import('./commands/reprocess.ts')).addReprocess },
  { path: ['archive', 'ask'], load: async () => (await import('./commands/archive.ts')).addArchiveAsk },
  { path: ['archive', 'list'], load: async () => (await import('./commands/archive.ts')).addArchiveList },
  { path: ['archive', 'drop'], load: async () => (await import('./commands/archive.ts')).addArchiveDrop },
  { path: ['archive', 'verify'], load: async () => (await import('./commands/archive-verify.ts')).addArchiveVerify },
  { path: ['archive', 'repair'], load: async () => (await import('./commands/archive-repair.ts')).addArchiveRepair },
  { path: ['archive', 'fetch'], load: async () => (await import('./commands/archive-fetch.ts')).addArchiveFetch },
  { path: ['archive', 'retire'], load: async () => (await import('./commands/archive-retire.ts')).addArchiveRetire },
  { path: ['archive', 'retirements'], load: async () => (await import('./commands/archive-retire.ts')).addArchiveRetirements },
  { path: ['archive', 'attach'], load: async () => (await import('./commands/archive-attach.ts')).addArchiveAttach },
  { path: ['backup'], load: async () => (await import('./commands/backup.ts')).addBackup },
  { path: ['restore'], load: async () => (await import('./commands/backup.ts')).addRestore },
  { path: ['recover'], load: async () => (await import('./commands/recover.ts')).addRecover },
  { path: ['reconcile'], load: async () => (await import('./commands/reconcile.ts')).addReconcile },
  { path: ['dead-letters'], load: async () => (await import('./commands/dead-letters.ts')).addDeadLetters },
  { path: ['definitions'], load: async () => (await import('./commands/definitions.ts')).addDefinitions },
  { path: ['keys'], load: async () => (await import('./commands/keys.ts')).addKeys },
  { path: ['status'], load: async () => (await import('./commands/status.ts')).addStatus },
  { path: ['doctor'], load: async () => (await import('./commands/doctor.ts')).addDoctor },
  { path: [COMPLETION], load: async () => (await import('./commands/completion.ts')).addCompletion },
];

export async function addCommands(program: Command, act: Act, argv: readonly string[]): Promise<void> {
  const groups = new Map<string, Command>();
  for (const { path, load } of named(argv)) {
    const add = await load();
    const [group = ''] = path;
    const description = GROUPS[group];
    if (description !== undefined && !groups.has(group)) groups.set(group, program.command(group).description(description));
    add(groups.get(group) ?? program, act);
  }
}

/** The commands that are named, or all of a group for its help; where nothing is named, everything: for the help. */
function named(argv: readonly string[]): readonly Entry[] {
  if (argv.includes(COMPLETION)) return ENTRIES;
  const groups = ENTRIES.filter(({ path: [group = ''] }) => argv.includes(group));
  const commands = groups.filter(({ path }) => path.every((word) => argv.includes(word)));
  const chosen = new Set(commands.map(({ path }) => path[0]));
  const wanted = groups.filter((entry) => commands.includes(entry) || !chosen.has(entry.path[0]));
  return wanted.length > 0 || argv.includes('--version') ? wanted : ENTRIES;
}
