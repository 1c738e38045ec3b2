/** kcat, the command-line client over librdkafka: a Kafka client that shares no code with ours. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

export interface KcatMessage {
  readonly partition: number;
  readonly offset: number;
  /** Null where the message has none. */
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: string;
}

const RUN_MS = 60_000;
/** A byte that no key and no JSON text of the tests holds. */
const KEY_ENDS = '\u0001';

/** Why kcat cannot be used, printed on stderr as well; null where it can. With CI in the environment a missing kcat throws. */
export function reportMissingKcat(whatIsSkipped: string): string | null {
  if (spawnSync('kcat', ['-V']).status === 0) return null;
  const why = 'kcat is not installed. On Debian: apt-get install kcat.';
  if ((process.env.CI ?? '') !== '') throw new Error(`${why} This run demands all tests.`);
  process.stderr.write(`skipping ${whatIsSkipped}: ${why}\n`);
  return why;
}

/** Produces `[key, value]` in order. `partitioner` is librdkafka's setting, its default where left out; `headers` as `name=value`. */
export async function produceByKcat(
  bootstrap: string,
  topic: string,
  messages: readonly (readonly [key: string, value: string])[],
  { partitioner, headers = [] }: { readonly partitioner?: string; readonly headers?: readonly string[] } = {},
): Promise<void> {
  const settings = partitioner === undefined ? [] : ['-X', `topic.partitioner=${partitioner}`];
  const args = ['-P', '-K', KEY_ENDS, ...settings, '-X', 'topic.acks=all', ...headers.flatMap((header) => ['-H', header])];
  await kcat(bootstrap, topic, args, messages.map(([key, value]) => `${key}${KEY_ENDS}${value}\n`).join(''));
}

/** Everything that the topic holds now, in order within each partition. */
export async function consumeByKcat(bootstrap: string, topic: string): Promise<KcatMessage[]> {
  const output = await kcat(bootstrap, topic, ['-C', '-e', '-q', '-J', '-o', 'beginning'], '');
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { partition, offset, key, payload, headers = [] } = JSON.parse(line) as Envelope;
      return { partition, offset, key, value: payload, headers: headersOf(headers) };
    });
}

/** What `kcat -J` prints; `headers` alternate names and values. */
interface Envelope {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly payload: string;
  readonly headers?: readonly string[];
}

function headersOf(flat: readonly string[]): Record<string, string> {
  const pairs = Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]] as const);
  return Object.fromEntries(pairs);
}

async function kcat(bootstrap: string, topic: string, args: readonly string[], input: string): Promise<string> {
  const child = spawn('kcat', ['-b', bootstrap, '-t', topic, ...args], { timeout: RUN_MS, killSignal: 'SIGKILL' });
  const ended = once(child, 'close');
  const chunks: Buffer[] = [];
  let complaints = '';
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk) => (complaints = `${complaints}${chunk}`.slice(-2_000)));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`kcat ${args.join(' ')} ended with ${code}: ${complaints}`);
  return Buffer.concat(chunks).toString('utf8');
}
