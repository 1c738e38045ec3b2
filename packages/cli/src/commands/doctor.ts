/** `tributary doctor`: looks at everything an operator would, and says what to do. Changes nothing. */
import { RECOMPUTE_SETTINGS } from '@tributary/configuration/roles/recompute';
import { type Environment, examine } from '@tributary/runtime/config/read-config';
import { eventLogNote } from '@tributary/runtime/event-log/note';
import { answer, type Context } from '../context.ts';
import { checkAnswers } from '../doctor/answers.ts';
import { checkConfiguration } from '../doctor/configuration.ts';
import type { Finding } from '../doctor/finding.ts';
import { checkDataDir, judgeNode } from '../doctor/machine.ts';
import { checkRedis, type LogFacts } from '../doctor/redis.ts';
import { judgeRestores, restoresIn } from '../doctor/restored.ts';
import { checkServices } from '../doctor/services.ts';
import { CommandError, EXIT, type ExitCode } from '../exit.ts';
import { linesOf, printable, roomBeside } from '../terminal/table.ts';
import { withLog } from '../with-log.ts';

export interface DoctorFlags {
  readonly quick?: boolean;
  readonly config?: boolean;
}

export async function doctor(context: Context, options: DoctorFlags): Promise<ExitCode> {
  const findings = options.config === true ? await checkConfiguration(context) : await examineAll(context, options);
  const failed = findings.filter(({ status }) => status === 'fail').length;
  const warned = findings.filter(({ status }) => status === 'warn').length;
  await answer(context, { ok: failed === 0, findings }, () =>
    [...findings.flatMap((finding) => lines(finding, context)), '', verdict(failed, warned)].join('\n'),
  );
  return failed === 0 ? EXIT.ok : EXIT.found;
}

async function examineAll(context: Context, options: DoctorFlags): Promise<Finding[]> {
  const { shell, settings, terminal } = context;
  const { dataDir } = settings;
  const [{ checkArchive, checkGenerations, judgePointer }, { checkSchedules }] = await Promise.all([
    import('../doctor/archive.ts'),
    import('../doctor/schedules.ts'),
  ]);
  const depth = { quick: options.quick === true, onFile: (path: string) => terminal.progress(`checking ${path}`) };
  const machine = [judgeNode(shell.nodeVersion), ...(await checkDataDir(dataDir, settings.keyIfAny('read') !== undefined))];
  const redis = await checkRedis(settings.redisUrl, shell.now, await logInKafka(context), notedLog(dataDir));
  const archive = await checkArchive(dataDir, redis.facts?.logIdentity ?? null, depth);
  const schedules = await checkSchedules(settings, shell.fetch, shell.now());
  const generations = await checkGenerations(dataDir, shell.now(), schedules.everyMs ?? scheduleMs(shell.env), depth);
  const pointer = redis.facts === null ? [] : [judgePointer(redis.facts.pointer, generations.publication)];
  const services = await checkServices(settings, shell.fetch, shell.now);
  const answers = await checkAnswers(settings, shell.fetch);
  terminal.progressEnd();
  const restores = judgeRestores(restoresIn(dataDir));
  const batch = [...generations.findings, ...schedules.findings, ...pointer];
  return [...machine, ...redis.findings, ...restores, ...archive, ...batch, ...services, ...answers];
}

/** Where the API does not say: as the environment says it here, which may not be that of the roles. A value that is wrong is a matter of `--config`. */
function scheduleMs(env: Environment): number {
  const { batchEveryMs } = RECOMPUTE_SETTINGS;
  return Number(examine('tributary', { batchEveryMs }, env, []).values['batchEveryMs'] ?? batchEveryMs.default);
}

/** The log that the data folder was built upon; null where nothing says which. */
function notedLog(dataDir: string): string | null {
  try {
    return eventLogNote(dataDir, '', '').known;
  } catch {
    // A damaged note is refused by the roles; what else the doctor sees is worth showing.
    return null;
  }
}

/** null: the log lies in Redis. */
async function logInKafka({ shell, settings }: Context): Promise<LogFacts | null> {
  if ((shell.env['TRIBUTARY_KAFKA_BROKERS'] ?? '').trim() === '') return null;
  try {
    return await withLog(shell, 'events', settings.redisUrl, ({ identity, partitions }) => ({ identity, partitions }));
  } catch (error) {
    if (error instanceof CommandError) return { error: error.message, fix: error.fix };
    throw error;
  }
}

const CHECK_WIDTH = 18;

function lines({ check, status, detail, fix }: Finding, { terminal }: Context): string[] {
  const mark = terminal.tone(status, status.padEnd(4));
  const margin = ' '.repeat(4 + 2 + CHECK_WIDTH + 2);
  const room = roomBeside(margin.length, terminal.screen);
  const [first, ...more] = linesOf(printable(detail), room);
  return [
    `${mark}  ${check.padEnd(CHECK_WIDTH)}  ${first}`,
    ...more.map((line) => margin + line),
    ...(fix === undefined ? [] : linesOf(`→ ${fix}`, room).map((line) => margin + terminal.dim(line))),
  ];
}

function verdict(failed: number, warned: number): string {
  if (failed === 0 && warned === 0) return 'everything is well';
  return [...(failed > 0 ? [`${failed} failed`] : []), ...(warned > 0 ? [`${warned} to look at`] : [])].join(', ');
}
