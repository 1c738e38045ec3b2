/**
 * `npm test`: brings what is missing, says what this machine cannot run and why, checks the code, runs every test. Ends with
 * one line: N passed, N failed, N skipped.
 *
 * Arguments go to vitest and leave the checks of the code out. With CI or TRIBUTARY_DEMAND_ALL=1 in the environment, leaving
 * out what a machine can have is a failure.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureRedis, prepare, REDIS_ADVICE, ROOT } from './bootstrap.mjs';

const CHECKS = {
  typecheck: 'types (tsc)',
  lint: 'lint and format (biome)',
  unused: 'unused code and dependencies (knip)',
  directions: 'import directions',
};
/** Data of the outside world that tests read where it lies beside the repository; no machine can be asked to have it. */
const REAL_INPUT = join(ROOT, '..', 'shared', 'data');
const REPORT = join(ROOT, '.tributary', 'test-report.json');

const args = process.argv.slice(2);
const demandsAll = isOn(process.env.CI) || isOn(process.env.TRIBUTARY_DEMAND_ALL);
const { node, env } = prepare();
const hasRedis = ensureRedis();
const totals = { passed: 0, failed: 0, skipped: 0 };

announce();
if (args.length === 0) for (const [script, title] of Object.entries(CHECKS)) check(script, title);
runTests();
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exit(totals.failed === 0 ? 0 : 1);

function announce() {
  console.log(`Tests of Tributary on ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()}`);
  if (!existsSync(REAL_INPUT)) console.log(`Skipping the tests on real input: there is no ${REAL_INPUT}.`);
  if (hasRedis) return;
  console.log(`Skipping *.redis.test.ts, *.kafka.test.ts and *.e2e.test.ts: redis-server is not installed. ${REDIS_ADVICE}`);
  if (demandsAll) fail('redis-server is missing, and this run demands all tests');
}

/** Through turbo, which remembers what it has checked already. */
function check(script, title) {
  const turbo = join(ROOT, 'node_modules', '.bin', 'turbo');
  const startedAt = Date.now();
  const run = spawnSync(turbo, ['run', script, '--output-logs=errors-only', '--log-prefix=none'], {
    cwd: ROOT,
    env,
    encoding: 'utf8',
  });
  const ok = run.status === 0;
  console.log(` ${ok ? '✓' : '✗'} ${title} (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`);
  if (ok) totals.passed++;
  else fail(`${title}:\n${run.stdout}${run.stderr}`);
}

function runTests() {
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  mkdirSync(join(ROOT, '.tributary'), { recursive: true });
  rmSync(REPORT, { force: true });
  const report = ['--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`];
  const projects = hasRedis ? [] : ['--project=pure'];
  const run = spawnSync(node, [vitest, 'run', ...report, ...projects, ...args], { cwd: ROOT, env, stdio: 'inherit' });
  const result = existsSync(REPORT) ? JSON.parse(readFileSync(REPORT, 'utf8')) : undefined;
  if (result === undefined) return fail('vitest ended without a report');
  totals.passed += result.numPassedTests;
  totals.failed += result.numFailedTests;
  totals.skipped += result.numPendingTests + result.numTodoTests;
  if (run.status !== 0 && result.numFailedTests === 0) fail(`vitest ended with exit code ${run.status}`);
  tellSkipped(result);
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

function fail(why) {
  totals.failed++;
  console.error(why);
}

function isOn(value) {
  return value !== undefined && !['', '0', 'false'].includes(value);
}
