/** `npm start`: brings what is missing, then runs the supervisor (src/main.ts). */
import { buildPages, compileCache, ensureRedis, handOver, keptByNpm, missing, prepare, REDIS_ADVICE } from './bootstrap.mjs';

const HELP = `Starts the whole platform on this machine, with demo data. Ctrl-C stops it.

  npm start -- [options]

  --port <n>        collector; the API listens on n+1, Redis on n+2, health checks on n+3 to n+5 [7400]
  --data-dir <dir>  everything it keeps; a second start goes on with it [.tributary]
  --no-demo         no generated history, no live demo traffic
  --help            this text

Exit codes: 0 stopped, 1 failed, 2 usage or configuration (an option, setting, file, folder or port), 3 a dependency is missing.
`;

const typed = (arg) => (/^[\w./:=@-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`);
const args = process.argv.slice(2);
const kept = keptByNpm(process.env);
if (kept.length > 0) {
  // What stands before the first option was the value of one that npm kept.
  const first = args.findIndex((arg) => arg.startsWith('-'));
  const afterwards = first < 0 ? [] : args.slice(first);
  process.stderr.write(
    `\nnpm kept ${kept.join(', ')} for itself: options of Tributary must stand after "--". Nothing was started.\n` +
      `Write: npm start -- ${[...kept.map((option) => (option === '--no-demo' ? option : `${option} …`)), ...afterwards.map(typed)].join(' ')}\n`,
  );
  process.exit(2);
}
if (args.includes('--help') || args.includes('-h')) {
  process.stdout.write(HELP);
} else {
  const ready = prepare();
  if (!ensureRedis()) missing('redis-server is not installed', REDIS_ADVICE);
  buildPages(ready);
  await handOver(
    { ...ready, env: { ...ready.env, NODE_COMPILE_CACHE: compileCache(ready.env) } },
    'infra/local/src/main.ts',
    args,
  );
}
