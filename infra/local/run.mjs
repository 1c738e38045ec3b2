/** Runs a TypeScript file of this repository with everything it needs: `node infra/local/run.mjs test/e2e/story.ts …`. */
import { ensureRedis, handOver, missing, prepare, REDIS_ADVICE } from './bootstrap.mjs';

const [file, ...args] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write('usage: node infra/local/run.mjs <file.ts> [arguments]\n');
  process.exit(2);
}
const ready = prepare();
if (!ensureRedis()) missing('redis-server is not installed', REDIS_ADVICE);
await handOver(ready, file, args);
