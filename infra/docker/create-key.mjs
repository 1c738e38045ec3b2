// Makes an API key: `node infra/docker/create-key.mjs write|read|admin [days]`, from the root of the repository or image.
// The key goes to stdout, once; <TRIBUTARY_DATA_DIR>/keys.json keeps its hash. Running services see it within a second.
// One at a time: of two that run at the same moment, one key may be lost, and is then refused.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createKey, readKeys, SCOPES, writeKeys } from '@tributary/runtime/keys';

const DAY_MS = 86_400_000;
const [scope, days] = process.argv.slice(2);
if (!SCOPES.includes(scope) || (days !== undefined && !/^[1-9]\d{0,4}$/.test(days))) {
  process.stderr.write(`usage: create-key.mjs ${SCOPES.join('|')} [days until it expires]\n`);
  process.exit(2);
}
const { env } = process;
const dataDir = env.TRIBUTARY_DATA_DIR ?? '.tributary';
const now = Date.now();
const { key, record } = createKey(scope, now, days === undefined ? null : now + Number(days) * DAY_MS);
const file = join(dataDir, 'keys.json');
mkdirSync(dataDir, { recursive: true, mode: 0o700 });
writeKeys(file, [...readKeys(file), record]);
process.stdout.write(`${key}\n`);
