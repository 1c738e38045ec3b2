/**
 * Runs what operators type wrongly and prints what comes as the table of docs/misconfiguration.md; with `--write` into that page.
 *
 *   node infra/local/run.mjs test/docs/misconfiguration.ts [--write] [ROW …]
 *
 * Some rows want root, libfaketime, other versions of Node (NODE_18, NODE_22: their folders) or Kafka; what cannot be run is named.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kafkaAvailability } from '@tributary/testkit/kafka/files-of-kafka';
import { startKafka } from '@tributary/testkit/kafka/kafka-cluster';
import { freePort } from '@tributary/testkit/servers/free-port';
import { startRedis } from '@tributary/testkit/servers/redis-server';
import { ROWS } from './misconfiguration-later-rows.ts';
import type { Row } from './misconfiguration-rows.ts';
import { shownLines } from './misconfiguration-text.ts';

const REPO = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const PAGE = join(REPO, 'docs/misconfiguration.md');
const LONGEST_MS = 120_000;
const names = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const work = mkdtempSync(join(tmpdir(), 'tributary-typed-'));
// Another user starts from here too.
execFileSync('chmod', ['755', work]);

const redis = await startRedis();
const wanted = ROWS.filter(({ row }) => names.length === 0 || names.includes(row));
const servers = wanted.some(({ needs }) => needs?.includes('KAFKA')) ? await brokers() : { env: {}, stop: async () => {} };
const basePort = 21_000 + (process.pid % 400) * 20;
const common = { ...process.env, ...servers.env, REPO, NO_COLOR: '1', REDIS: redis.url, REDIS_PORT: new URL(redis.url).port };
const texts: string[] = [];
try {
  bash('UP', { D: join(work, 'shared'), P: String(basePort) }, work);
  for (const row of wanted) {
    const text = line(row);
    process.stdout.write(`${text}\n`);
    texts.push(text);
  }
} finally {
  bash('DOWN', { D: join(work, 'shared'), P: String(basePort) }, work);
  await redis.stop();
  await servers.stop();
  rmSync(work, { recursive: true, force: true });
}
if (process.argv.includes('--write')) write();

/** Rows that were not run stay as they are. */
function write(): void {
  const [head = '', table = ''] = readFileSync(PAGE, 'utf8').split(/^(?=\| # )/m);
  const nameOf = (text: string) => text.split(' ')[1] ?? '';
  const rows = new Map([...(table.match(/^\| \d.*$/gm) ?? []), ...texts].map((text) => [nameOf(text), text]));
  const ordered = ROWS.flatMap(({ row }) => rows.get(row) ?? []);
  writeFileSync(
    PAGE,
    [head.trimEnd(), '', '| # | typed | before | now |', '| --- | --- | --- | --- |', ...ordered, ''].join('\n'),
  );
}

function line({ row, typed, before, setup = ':', after = ':', shared, needs = 'true', lines = 3 }: Row): string {
  const at = { D: join(work, shared ? 'shared' : `d${row}`), P: String(shared ? basePort : basePort + 10) };
  const here = join(work, `w${row}`);
  mkdirSync(here);
  const readKey = shared ? { KEY: keyOf(at.D) } : {};
  const script = `${needs} || { echo "(not run here: ${needs.replaceAll('"', '')})"; exit; }\n{ ${setup}\n} > setup.txt 2>&1\n${typed}`;
  const { output, status } = bash(script, { ...at, ...readKey }, here);
  if (!shared) bash(`${after}; DOWN; mountpoint -q "$D" && umount -l "$D"`, at, here);
  const places = { [here]: '.', [at.D]: 'D', [work]: '…', [REPO]: '…', [dirname(process.execPath)]: '…' };
  const now = shownLines(output, { places, port: Number(at.P), redisPort: Number(common.REDIS_PORT), lines });
  const asShown = typed
    .replace(/\$\(\(P\+(\d)\)\)/g, '740$1')
    .replace(/\$P\b/g, '7400')
    .replaceAll('"$D"', 'D')
    .replace(' --silent --prefix "$REPO"', '');
  return `| ${row} | ${code(asShown)} | ${before} | ${[...now.map(code), `exit ${status}`].join('<br>')} |`;
}

function code(text: string): string {
  return `\`${text.replaceAll('`', "'").replaceAll('|', '\\|').replace(/\s+/g, ' ')}\``;
}

function keyOf(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, 'keys.local.json'), 'utf8')) as { keys: { read: string } }).keys.read;
}

function bash(script: string, env: Readonly<Record<string, string>>, cwd: string): { output: string; status: number | null } {
  const preamble = join(REPO, 'test/docs/misconfiguration.sh');
  const all = { ...common, ...env, SCREEN: `${env['D']}.screen` };
  const whole = `{ . ${preamble}\n${script}\n} 2>&1`;
  const ran = spawnSync('bash', ['-c', whole], {
    cwd,
    env: all,
    encoding: 'utf8',
    timeout: LONGEST_MS,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return { output: ran.stdout, status: ran.status };
}

/** One that is open, one that wants TLS and a login. */
async function brokers(): Promise<{ env: Record<string, string>; stop(): Promise<void> }> {
  const availability = await kafkaAvailability();
  if (!availability.ok) return { env: {}, stop: async () => {} };
  const [store, pem] = [join(work, 'store.p12'), join(work, 'certificate.pem')];
  const keytool = (...words: string[]) =>
    execFileSync(
      availability.files.java.replace(/java$/, 'keytool'),
      [...words, '-alias', 'b', '-keystore', store, '-storepass', 'of the store'],
      { stdio: 'ignore' },
    );
  keytool('-genkeypair', '-keyalg', 'EC', '-storetype', 'PKCS12', '-dname', 'CN=broker', '-ext', 'san=ip:127.0.0.1');
  keytool('-exportcert', '-rfc', '-file', pem);
  const login =
    'org.apache.kafka.common.security.plain.PlainLoginModule required username="broker" password="b" user_broker="b" user_app="secret";';
  const open = await startKafka();
  const guarded = await startKafka({
    ports: [await freePort(), await freePort()],
    settings: {
      'listener.security.protocol.map': 'PLAINTEXT:SASL_SSL,CONTROLLER:PLAINTEXT',
      'inter.broker.listener.name': 'PLAINTEXT',
      'sasl.enabled.mechanisms': 'PLAIN',
      'sasl.mechanism.inter.broker.protocol': 'PLAIN',
      'listener.name.plaintext.plain.sasl.jaas.config': login,
      'ssl.keystore.type': 'PKCS12',
      'ssl.keystore.location': store,
      'ssl.keystore.password': 'of the store',
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': pem,
    },
  });
  return {
    env: { KAFKA: open.bootstrap, GUARDED: guarded.bootstrap, PEM: pem },
    stop: async () => void (await Promise.all([open.stop(), guarded.stop()])),
  };
}
