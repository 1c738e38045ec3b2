/**
 * The supervisor behind `npm start`: starts the platform, on the first start loads the demo's history and computes its
 * first generation, keeps live traffic running, and stops everything on Ctrl-C.
 */
import { TributaryError } from '@tributary/model/errors';
import { isRefusal, REFUSED } from '@tributary/runtime/error-kinds';
import { assertConfigured } from './configured.ts';
import { consoleLink } from './console-link.ts';
import { beginDemo, definitionsEnvironment, hasPages } from './demo/begin.ts';
import { firstGeneration } from './demo/first-generation.ts';
import { createLiveTraffic } from './demo/live.ts';
import { loadHistory } from './demo/load.ts';
import { createRandom } from './demo/random.ts';
import { runLive } from './demo/run-live.ts';
import { giveBack } from './give-back.ts';
import { type Platform, type PlatformEvent, startPlatform } from './launch.ts';
import { parseOptions, type StartOptions, typedIn } from './options.ts';
import { count, createScreen, seconds, welcome } from './terminal.ts';
import { describeTroubles, notReady } from './troubles.ts';

const LIVE_EVENTS_PER_SECOND = 20;
const GENERATION_TIMEOUT_MS = 180_000;

// What is made is for its owner only, whatever mask this was started with.
process.umask(0o077);
const screen = createScreen(process.stdout);
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort());
if (process.channel) process.on('disconnect', () => stopping.abort());
// A terminal that went away must not keep us from stopping what we started.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => stopping.abort());

process.exit(await run(stopping.signal));

async function run(signal: AbortSignal): Promise<number> {
  let platform: Platform | undefined;
  try {
    const options = parseOptions(process.argv.slice(2), process.env);
    // Folders and files of settings are those that the operator sees.
    process.chdir(typedIn(process.env));
    const notes = await assertConfigured({ name: options.dataDirFrom, path: options.dataDir }, process.env);
    if (options.demo) beginDemo({ name: options.dataDirFrom, path: options.dataDir }, Date.now());
    screen.line(`\nTributary, with its data in ${options.dataDir}\n`);
    for (const note of notes) screen.line(`  ${note}\n`);
    platform = await start(options, signal);
    if (options.demo) await prepareDemo(platform, signal);
    giveBack();
    screen.line(welcome(platform, options.dataDir, await consoleLink(platform, signal), Date.now()));
    for (const { name, unready } of Object.values(platform.roles)) if (unready !== null) screen.line(notReady(name, unready));
    await (options.demo ? keepLive(platform, signal) : keepWaiting(signal));
    return 0;
  } catch (error) {
    if (signal.aborted) return 0;
    return report(error);
  } finally {
    if (platform !== undefined) {
      const startedAt = Date.now();
      screen.line('\nStopping …');
      await platform.stop();
      screen.line(
        `Stopped everything in ${seconds(Date.now() - startedAt)}; "${again(process.argv.slice(2))}" goes on with the same data.`,
      );
    }
  }
}

/** The same command: without its options another folder, or the demo, would come. */
function again(typed: readonly string[]): string {
  const words = typed.map((word) => (/^[\w./:=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`));
  return ['npm start', ...(words.length > 0 ? ['--', ...words] : [])].join(' ');
}

async function start({ basePort, dataDir }: StartOptions, signal: AbortSignal): Promise<Platform> {
  const task = screen.task('Starting Redis and 5 roles');
  const startedAt = Date.now();
  let isStarted = false;
  const describe = describeTroubles();
  const onEvent = (event: PlatformEvent) => {
    const line = describe(event);
    // What ends the start is its last word.
    if (line !== undefined && (isStarted || event.type !== 'ended' || event.againInMs !== null)) screen.line(line);
  };
  const env = definitionsEnvironment(dataDir, process.env);
  const platform = await startPlatform({ dataDir, basePort, env, signal, onEvent, startedIsEnough: true });
  isStarted = true;
  const isReady = Object.values(platform.roles).every(({ unready }) => unready === null);
  task.done(`${isReady ? 'ready' : 'started, not all of it ready,'} in ${seconds(Date.now() - startedAt)}`);
  return platform;
}

async function prepareDemo({ dataDir, collectorUrl, apiUrl, keys, roles }: Platform, signal: AbortSignal): Promise<void> {
  const collector = { url: collectorUrl, writeKey: keys.write };
  const loading = screen.task('Loading 30 days of history');
  const startedAt = Date.now();
  const sent = await loadHistory({ dataDir, collector, nowMs: startedAt, signal, onProgress: loading.progress });
  const loadMs = Date.now() - startedAt;
  loading.done(sent === 0 ? 'is there already' : `${count(sent)} events in ${seconds(loadMs)}, each of them on disk`);

  const computing = screen.task('Computing a generation');
  if (roles.api.unready !== null) return computing.done('not asked for: the API is not ready');
  const computeFrom = Date.now();
  try {
    const generation = await firstGeneration({
      dataDir,
      apiUrl,
      adminKey: keys.admin,
      timeoutMs: GENERATION_TIMEOUT_MS,
      signal,
    });
    const before = generation === 2 ? '; the schedule made number 1 at the start, of an empty log' : '';
    computing.done(
      generation === null ? 'is there already' : `number ${generation}, in ${seconds(Date.now() - computeFrom)}${before}`,
    );
  } catch (error) {
    if (signal.aborted) throw error;
    // Real time answers without it; the schedule tries again.
    computing.done(`not yet: ${(error as Error).message}`);
  }
}

async function keepLive({ dataDir, collectorUrl, keys }: Platform, signal: AbortSignal): Promise<void> {
  screen.line(`  Live demo traffic: about ${LIVE_EVENTS_PER_SECOND} events a second. Ctrl-C stops everything.\n`);
  const startMs = Date.now();
  const name = `live-${startMs.toString(36)}`;
  const random = createRandom(startMs);
  const traffic = createLiveTraffic(random, name, {
    eventsPerSecond: LIVE_EVENTS_PER_SECOND,
    startMs,
    hasPages: hasPages(dataDir),
  });
  let reportedAt = 0;
  await runLive(traffic, { url: collectorUrl, writeKey: keys.write }, Date.now, signal, (error) => {
    if (Date.now() - reportedAt < 30_000) return;
    reportedAt = Date.now();
    screen.line(`  Live traffic waits: ${error.message}`);
  });
}

async function keepWaiting(signal: AbortSignal): Promise<void> {
  screen.line('  Ctrl-C stops everything.\n');
  // An abort listener alone does not keep the process alive.
  const awake = setInterval(() => {}, 60_000);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  clearInterval(awake);
}

function report(error: unknown): number {
  if (error instanceof TributaryError) {
    // The message of a refusal says what to do.
    process.stderr.write(`\n${error.message}\n${isRefusal(error) ? '' : `${error.fix}\n`}`);
    return isRefusal(error) ? REFUSED : 1;
  }
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
}
