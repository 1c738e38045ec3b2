/**
 * `npm test`: brings what is missing, says what this machine cannot run and why, checks the code, runs every test. Ends with
 * each failure and one line: N passed, N failed, N skipped.
 *
 * Three things run side by side: tests that need a server mostly wait, so they come first in line for the processors; the pure
 * tests and the checks of the code take what is left.
 *
 * Arguments go to vitest and leave the checks of the code out. With CI or TRIBUTARY_DEMAND_ALL=1 in the environment, leaving
 * out what a machine can have is a failure.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join, relative } from 'node:path';
import { ensureRedis, prepare, REDIS_ADVICE, ROOT } from './bootstrap.mjs';
import { builtPrograms } from './programs.mjs';

const CHECKS = {
  typecheck: 'types (tsc)',
  lint: 'lint and format (biome)',
  unused: 'unused code and dependencies (knip)',
  directions: 'import directions',
};
/** Data of the outside world that tests read where it lies beside the repository; no machine can be asked to have it. */
const REAL_INPUT = join(ROOT, '..', 'shared', 'data');
const REPORTS = join(ROOT, '.tributary');
/**
 * A generation is a hundred statements, and DuckDB plans each in thousands of small allocations. With room for more of them beside each
 * thread (glibc's default is 7 of a size) that takes an eighth less of a processor; where another library allocates, nothing changes.
 */
const ALLOCATION = { GLIBC_TUNABLES: 'glibc.malloc.tcache_count=500' };
/** One thread beside the event loop has what it allocates at hand: another tenth less. Pure tests wait for one thing at a time. */
const ONE_THREAD = { UV_THREADPOOL_SIZE: '1' };
/**
 * DuckDB's own allocator soon returns to the system what is not in use, and each grouping asks for half a megabyte again. Kept for a minute,
 * it takes a third of the faults of pages, and a generation a tenth less of a processor. What is returned on purpose is returned all the same.
 */
const KEPT_MEMORY = { DUCKDB_JE_MALLOC_CONF: 'dirty_decay_ms:60000,muzzy_decay_ms:60000' };
/** Where programs put sockets whose place no option changes, and the names of those that tests start. */
const SOCKETS = '/tmp';
const OF_TESTS = /^(?:seaweedfs|redis|kafka|tributary).*\.sock$/;
/** The niceness of work that can wait; 0 is the usual priority, 19 the lowest. */
const NICE = 5;

const args = process.argv.slice(2);
const demandsAll = isOn(process.env.CI) || isOn(process.env.TRIBUTARY_DEMAND_ALL);
const { node, env: prepared } = prepare();
const env = { ...prepared, ...programs() };
const hasRedis = ensureRedis();
const totals = { passed: 0, failed: 0, skipped: 0 };
/** Each failure once more, last: what came before it may be cut off where the output is read. */
const failures = [];

const before = new Set(sockets());
announce();
const work = groups().map(runTests);
if (args.length === 0) for (const [script, title] of Object.entries(CHECKS)) await check(script, title);
await Promise.all(work);
const left = sockets().filter((name) => !before.has(name) && !isListened(join(SOCKETS, name)));
if (left.length > 0) fail(`tests left sockets on which nothing listens in ${SOCKETS}: ${left.join(', ')}`);
if (totals.passed + totals.failed + totals.skipped === 0) fail('no test was found');
for (const failure of failures) console.error(failure);
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exit(totals.failed === 0 ? 0 : 1);

function announce() {
  console.log(`Tests of Tributary on ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()}`);
  if (!existsSync(REAL_INPUT)) console.log(`Skipping the tests on real input: ${REAL_INPUT} does not exist.`);
  if (hasRedis) return;
  console.log(`Skipping *.redis.test.ts, *.kafka.test.ts and *.e2e.test.ts: redis-server is not installed. ${REDIS_ADVICE}`);
  if (demandsAll) fail('redis-server is missing, and this run demands all tests');
}

/** Where platforms of tests start their roles from (src/roles.ts), and the batch layer its children (test/native-modules.ts). Chosen tests need no build. */
function programs() {
  if (args.length > 0) return {};
  const folder = builtPrograms(ROOT, { node, env: prepared }, (text) => console.error(text));
  return folder === undefined ? {} : { BUILT_PROGRAMS: folder };
}

/** Through turbo, which remembers what it has checked already. */
async function check(script, title) {
  const turbo = join(ROOT, 'node_modules', '.bin', 'turbo');
  const startedAt = Date.now();
  const command = ['run', script, '--output-logs=errors-only', '--log-prefix=none'];
  let output = '';
  const code = await run(turbo, command, NICE, (text) => (output += text));
  console.log(` ${code === 0 ? '✓' : '✗'} ${title} (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`);
  if (code === 0) totals.passed++;
  else fail(`${title}:\n${output}`);
}

/** Projects of vitest.config.ts, each with a process of its own; one process where arguments choose the project. */
function groups() {
  const pure = {
    name: 'pure',
    projects: ['pure', 'isolated'],
    nice: NICE,
    more: { ...ALLOCATION, ...ONE_THREAD, ...KEPT_MEMORY },
  };
  const servers = { name: 'servers', projects: ['servers'], nice: 0, more: { ...ALLOCATION, ...KEPT_MEMORY } };
  if (args.some((arg) => arg.startsWith('--project'))) return [{ name: 'chosen', projects: [], nice: 0, more: ALLOCATION }];
  return hasRedis ? [servers, pure] : [pure];
}

async function runTests({ name, projects, nice, more }) {
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const file = join(REPORTS, `test-report-${name}.json`);
  mkdirSync(REPORTS, { recursive: true });
  rmSync(file, { force: true });
  const report = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`, '--passWithNoTests'];
  const chosen = projects.map((project) => `--project=${project}`);
  const code = await run(node, [vitest, 'run', ...report, ...chosen, ...args], nice, (text) => process.stdout.write(text), more);
  const result = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  if (result === undefined) return fail(`vitest ended without a report of the tests "${name}"`);
  totals.passed += result.numPassedTests;
  totals.failed += result.numFailedTests;
  totals.skipped += result.numPendingTests + result.numTodoTests;
  failures.push(...failedTests(result));
  if (code !== 0 && result.numFailedTests === 0) fail(`vitest ended with exit code ${code} after the tests "${name}"`);
  tellSkipped(result);
}

/** Output passes through this process, so that what two say at once does not mix within a line. */
async function run(command, commandArgs, nice, say, more = {}) {
  const colours = process.stdout.isTTY && process.env.NO_COLOR === undefined ? { FORCE_COLOR: '1' } : {};
  const child = spawn(command, commandArgs, {
    cwd: ROOT,
    env: { ...env, ...colours, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (nice > 0 && child.pid !== undefined) setPriority(child.pid, nice);
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream.setEncoding('utf8').on('data', (text) => {
      const end = text.lastIndexOf('\n') + 1;
      if (end > 0) say(rest + text.slice(0, end));
      rest = end > 0 ? text.slice(end) : rest + text;
    });
    stream.once('end', () => say(rest));
  }
  const [code] = await once(child, 'close');
  return code;
}

/** The file, the name and the beginning of the reason; a file that could not be loaded has a reason, and no tests. */
function failedTests({ testResults }) {
  return testResults
    .filter(({ status }) => status === 'failed')
    .flatMap(({ name, message, assertionResults }) => {
      const failed = assertionResults.filter(({ status }) => status === 'failed');
      const reasons = failed.map(({ fullName, failureMessages }) => `${fullName}\n${failureMessages.join('\n')}`);
      return (failed.length > 0 ? reasons : [message]).map((text) => ` ✗ ${relative(ROOT, name)} > ${shortened(text)}`);
    });
}

/** Without the steps inside the test runner. */
function shortened(text) {
  const lines = text.split('\n').filter((line) => !/^\s+at .*node_modules/.test(line));
  return lines.join('\n').slice(0, 2_000);
}

/** A test on real input says so in its name or its file's; any other skip is one that a machine could have run. */
function tellSkipped(result) {
  const tests = result.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map((test) => ({ ...test, file: name })),
  );
  const skipped = tests.filter(({ status }) => status === 'skipped' || status === 'pending' || status === 'todo');
  for (const { fullName } of skipped) console.log(` - skipped: ${fullName}`);
  const filtered = args.some((arg) => arg === '-t' || arg.startsWith('--testNamePattern'));
  const avoidable = skipped.filter(({ fullName, file }) => !/real[- ](input|data)/i.test(`${file} ${fullName}`));
  if (demandsAll && !filtered && avoidable.length > 0) fail(`${avoidable.length} tests were skipped, and this run demands all`);
}

function sockets() {
  return readdirSync(SOCKETS).filter((name) => OF_TESTS.test(name));
}

/** Other work on this machine may have one of the same name. Where the system has no list of them, each counts as listened to. */
function isListened(path) {
  const known = '/proc/net/unix';
  return !existsSync(known) || readFileSync(known, 'utf8').includes(` ${path}\n`);
}

function fail(why) {
  totals.failed++;
  failures.push(why);
}

function isOn(value) {
  return value !== undefined && !['', '0', 'false'].includes(value);
}
