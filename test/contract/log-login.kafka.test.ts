/** What guards a broker in production: its certificate, a password that is never sent, sessions that end. */
import { execFile } from 'node:child_process';
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { promisify } from 'node:util';
import { alterUserScramCredentialsV0, Connection } from '@platformatic/kafka';
import { openKafkaLog } from '@tributary/log/kafka/kafka-log';
import type { KafkaSettings } from '@tributary/log/kafka/settings';
import type { EventLog } from '@tributary/log/port';
import { readAll } from '@tributary/testkit/contracts/log-reading';
import { kafkaAvailability } from '@tributary/testkit/kafka/files-of-kafka';
import { missingKafka } from '@tributary/testkit/kafka/for-tests';
import { type KafkaCluster, startKafka } from '@tributary/testkit/kafka/kafka-cluster';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const missing = await missingKafka('the log on a broker with TLS and SCRAM (test/contract/log-login.kafka.test.ts)', true);

const HOST = '127.0.0.1';
const STORE_PASSWORD = 'of the store';
/** A broker ends a session after this, unless its client logs in again. */
const SESSION_MS = 2_500;
/** Kafka's numbers of the mechanisms, and what PBKDF2 is to give. */
const SCRAM = [
  { number: 1, hash: 'sha256', length: 32 },
  { number: 2, hash: 'sha512', length: 64 },
] as const;

describe.skipIf(missing !== null)('the log on a broker with TLS and SCRAM', () => {
  let kafka: KafkaCluster;
  let folder: string;
  let certificate: string;
  const opened: EventLog[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tributary-login-'));
    const [store, pem] = [join(folder, 'store.p12'), join(folder, 'certificate.pem')];
    const availability = await kafkaAvailability();
    if (!availability.ok) throw new Error(availability.why);
    const program = availability.files.java.replace(/java$/, 'keytool');
    const keytool = (...words: string[]) =>
      promisify(execFile)(program, [...words, '-alias', 'broker', '-keystore', store, '-storepass', STORE_PASSWORD]);
    const names = ['-dname', 'CN=broker', '-ext', `san=ip:${HOST},dns:localhost`];
    await keytool('-genkeypair', '-keyalg', 'EC', '-storetype', 'PKCS12', '-validity', '2', ...names);
    await keytool('-exportcert', '-rfc', '-file', pem);
    certificate = await readFile(pem, 'utf8');
    const plain = 'org.apache.kafka.common.security.plain.PlainLoginModule required';
    const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
    kafka = await startKafka({
      settings: {
        'listener.security.protocol.map': 'PLAINTEXT:SASL_SSL,CONTROLLER:PLAINTEXT',
        'inter.broker.listener.name': 'PLAINTEXT',
        'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
        'sasl.mechanism.inter.broker.protocol': 'PLAIN',
        'listener.name.plaintext.plain.sasl.jaas.config': `${plain} username="broker" password="b" user_broker="b";`,
        'listener.name.plaintext.scram-sha-256.sasl.jaas.config': scram,
        'listener.name.plaintext.scram-sha-512.sasl.jaas.config': scram,
        'ssl.keystore.type': 'PKCS12',
        'ssl.keystore.location': store,
        'ssl.keystore.password': STORE_PASSWORD,
        'ssl.truststore.type': 'PEM',
        'ssl.truststore.location': pem,
        'connections.max.reauth.ms': String(SESSION_MS),
      },
    });
    await giveScramPasswords({ app: 'secret', 'a=b,c': 'secret' });
  });
  afterAll(async () => {
    await kafka?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    for (const log of opened.splice(0)) await log.close();
  });

  /** The operator's part, by the user that the broker was started with. */
  async function giveScramPasswords(passwords: Readonly<Record<string, string>>): Promise<void> {
    const operator = new Connection('operator', {
      tls: { ca: certificate },
      sasl: { mechanism: 'PLAIN', username: 'broker', password: 'b' },
    });
    await operator.connect(HOST, Number(kafka.bootstrap.split(':')[1]));
    // A request names a user once.
    for (const { number, hash, length } of SCRAM) {
      const users = Object.entries(passwords).map(([name, password]) => {
        const [salt, iterations] = [randomBytes(16), 4_096];
        const saltedPassword = pbkdf2Sync(password, salt, iterations, length, hash);
        return { name, mechanism: number, iterations, salt, saltedPassword };
      });
      await alterUserScramCredentialsV0.api.async(operator, [], users);
    }
    await operator.close();
  }

  async function open(how: Omit<KafkaSettings, 'brokers' | 'clientId'>, brokers = [kafka.bootstrap]): Promise<EventLog> {
    const log = await openKafkaLog({
      kafka: { brokers, clientId: 'tests', ...how },
      topic: 'guarded',
      partitions: 1,
      now: Date.now,
    });
    opened.push(log);
    return log;
  }
  const tls = () => ({ ssl: { ca: certificate } });
  const login = (mechanism: 'scram-sha-256' | 'scram-sha-512', password = 'secret', username = 'app') =>
    ({ mechanism, username, password }) as const;

  it.each(['scram-sha-256', 'scram-sha-512'] as const)(
    'appends and reads with %s, names the refusal of another password',
    async (mechanism) => {
      const log = await open({ ...tls(), sasl: login(mechanism) });
      const position = await log.append(0, { kind: 'events', body: mechanism });
      const entries = await readAll(log, new Map([[0, null]]), 10);
      expect(entries.at(-1)).toMatchObject({ body: expect.stringMatching(new RegExp(`${mechanism}$`)), position });
      await (await open({ ...tls(), sasl: login(mechanism, 'secret', 'a=b,c') })).ends();
      await expect(open({ ...tls(), sasl: login(mechanism, 'another') })).rejects.toMatchObject({
        code: 'log_unavailable',
        message: expect.stringMatching(/SASL SCRAM-SHA-(256|512) as "app" failed: .*[Aa]uthentication/),
      });
    },
  );

  it('outlives the end of its sessions: no append fails while it logs in again', async () => {
    const log = await open({ ...tls(), sasl: login('scram-sha-512') });
    const positions: string[] = [];
    for (const startedMs = performance.now(); performance.now() - startedMs < 3 * SESSION_MS; )
      positions.push(await log.append(0, { kind: 'events', body: `line ${positions.length}` }));
    expect(new Set(positions).size).toBe(positions.length);
  });

  it('takes the certificate of an authority that it was given, and no other; says so where there is none', async () => {
    const sasl = login('scram-sha-256');
    await expect(open({ sasl, ssl: true })).rejects.toMatchObject({
      code: 'log_unavailable',
      message: expect.stringContaining('self-signed certificate'),
    });
    await expect(open({ sasl })).rejects.toMatchObject({
      code: 'log_unavailable',
      message: expect.stringContaining('TLS'),
    });
  });

  it('names the broker before the certificate is shown (SNI), for proxies in front of several brokers', async () => {
    const names: string[] = [];
    const pfx = await readFile(join(folder, 'store.p12'));
    const proxy = createServer({ pfx, passphrase: STORE_PASSWORD }, (socket) => {
      names.push(String(socket.servername));
      socket.destroy();
    });
    proxy.listen(0, 'localhost');
    await once(proxy, 'listening');
    const brokers = [`localhost:${(proxy.address() as AddressInfo).port}`];
    await expect(open(tls(), brokers)).rejects.toMatchObject({ code: 'log_unavailable' });
    expect(names).toEqual(['localhost']);
    proxy.close();
    await once(proxy, 'close');
  });
});
