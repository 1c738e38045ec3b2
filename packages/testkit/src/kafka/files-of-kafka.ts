/**
 * Where Kafka's files come from: Maven Central, by the machine's own `mvn` and its settings, as `pom.xml` beside this file
 * pins them. They are kept under `node_modules/.cache/` and named by the pom, so that a changed pom fetches again.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface KafkaFiles {
  readonly java: string;
  /** Folder of the jar files: the whole class path. */
  readonly jars: string;
  /** What `java -version` says. */
  readonly javaVersion: string;
}

export type KafkaAvailability = { readonly ok: true; readonly files: KafkaFiles } | { readonly ok: false; readonly why: string };

export const KAFKA_ADVICE = 'On Debian: apt-get install default-jre-headless maven.';
const POM = fileURLToPath(new URL('./pom.xml', import.meta.url));
const CACHE = fileURLToPath(new URL('../../../../node_modules/.cache/tributary', import.meta.url));
/** As `mkdtemp` names them. */
const STAGED = /^kafka-[0-9a-f]{12}\.\w{6}$/;
const OLDEST_JAVA = 17;
const JAVA_MS = 20_000;
/** 45 MB, over a slow line. */
const FETCH_MS = 300_000;

/**
 * Whether this machine can run Kafka: Java 17 or newer, and its files here or fetched now (45 MB once, at most 5 minutes).
 * Never throws: `why` says what is missing and what would help.
 */
export async function kafkaAvailability(environment: NodeJS.ProcessEnv = process.env): Promise<KafkaAvailability> {
  const java = environment.JAVA_HOME ? join(environment.JAVA_HOME, 'bin', 'java') : 'java';
  const said = await javaVersion(java);
  const version = said === null ? null : majorVersion(said);
  if (said === null || version === null) return { ok: false, why: `${java} does not run. ${KAFKA_ADVICE}` };
  if (version < OLDEST_JAVA)
    return { ok: false, why: `${java} is version ${version}, Kafka needs ${OLDEST_JAVA}. ${KAFKA_ADVICE}` };
  const jars = join(
    CACHE,
    `kafka-${createHash('sha256')
      .update(await readFile(POM))
      .digest('hex')
      .slice(0, 12)}`,
  );
  try {
    if (!existsSync(jars)) await fetchJars(jars);
    return { ok: true, files: { java, jars, javaVersion: said } };
  } catch (error) {
    return { ok: false, why: `mvn could not fetch Kafka: ${reasonOf(error)}. ${KAFKA_ADVICE}` };
  }
}

/** What `java -version` prints; null where there is no Java. */
async function javaVersion(java: string): Promise<string | null> {
  try {
    return (await run(java, ['-version'], { timeout: JAVA_MS })).stderr;
  } catch {
    return null;
  }
}

/** `openjdk version "17.0.15" …` is 17, `java version "1.8.0_392"` is 8. */
export function majorVersion(text: string): number | null {
  const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(text) ?? [];
  if (first === undefined) return null;
  return Number(first === '1' && second !== undefined ? second : first);
}

/** Staged, then renamed: a folder that is there is complete. When two processes fetch at once, the first one's folder stays. */
async function fetchJars(jars: string): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  await sweep();
  const staged = await mkdtemp(`${jars}.`);
  const copy = ['dependency:copy-dependencies', `-DoutputDirectory=${staged}`, '-DincludeScope=runtime'];
  try {
    await run('mvn', ['--batch-mode', '--quiet', '--strict-checksums', '--file', POM, ...copy], { timeout: FETCH_MS });
    await rename(staged, jars);
  } catch (error) {
    if (!existsSync(jars)) throw error;
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
}

/** Removes what fetches that were killed left behind. */
async function sweep(): Promise<void> {
  for (const name of await readdir(CACHE)) {
    const folder = join(CACHE, name);
    const ageMs = Date.now() - ((await stat(folder).catch(() => null))?.mtimeMs ?? Date.now());
    if (STAGED.test(name) && ageMs > 2 * FETCH_MS) await rm(folder, { recursive: true, force: true });
  }
}

function reasonOf(error: unknown): string {
  const { code, stdout = '', message } = error as Error & { code?: unknown; stdout?: string };
  if (code === 'ENOENT') return 'mvn is not installed';
  return /\[ERROR\] (.*)/.exec(stdout)?.[1]?.slice(0, 300) ?? message.slice(0, 300);
}
