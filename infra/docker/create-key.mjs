// Makes an API key: `node infra/docker/create-key.mjs browser|server|import|read|admin [days]`, from the root of the repository or image.
// The key goes to stdout, once; <TRIBUTARY_DATA_DIR>/keys.json keeps its hash. Running services see it within a second.
// `tributary keys` does the same with names, origins and rates, and lists and revokes.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { changeKeys, SCOPES } from '@tributary/runtime/key-file';
import { createKey } from '@tributary/runtime/keys';

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
await changeKeys(file, (records) => [...records, record]);
process.stdout.write(`${key}\n`);
