/**
 * Instances of DuckDB. To make and to close one takes 8 ms of a processor, for the names of all that is built in: a thirtieth of a small generation.
 * So a process keeps one that is empty for its next session: without tables, settings or cached files of the session before, and with a few MiB of its memory.
 */
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { sqlText } from './sql-text.ts';

export interface InstanceSettings {
  readonly memoryLimit: string;
  readonly threads: number;
  readonly connections: number;
  readonly spillDir: string;
  readonly tempLimit: string;
  readonly keepsMemory: boolean;
}

export interface Lent {
  readonly connections: readonly DuckDBConnection[];
  /** `isSound`: each statement has ended, and none failed. Any other instance is closed. */
  giveBack(isSound: boolean): Promise<void>;
}

interface Kept {
  readonly instance: DuckDBInstance;
  /** What it was set to last. */
  readonly memoryLimit: string;
}

let kept: Kept | undefined;

export async function lendInstance(settings: InstanceSettings): Promise<Lent> {
  const held = kept;
  kept = undefined;
  if (held !== undefined) {
    const lent = await lend(held, settings).catch(() => undefined);
    if (lent !== undefined) return lent;
    // One that has spilled keeps its folder for that, which is gone.
    held.instance.closeSync();
  }
  return lend({ instance: await create(settings), memoryLimit: settings.memoryLimit }, settings);
}

async function lend({ instance, memoryLimit: before }: Kept, settings: InstanceSettings): Promise<Lent> {
  const { memoryLimit, threads, spillDir, tempLimit, keepsMemory } = settings;
  const connections = await connect(instance, settings.connections);
  const [first] = connections as [DuckDBConnection];
  await first.run(`SET temp_directory = ${sqlText(spillDir)}; SET max_temp_directory_size = ${sqlText(tempLimit)};
    ${before === memoryLimit ? '' : `${bound(memoryLimit)};`} SET threads = ${threads}; ATTACH ':memory:' AS session`);
  for (const connection of connections) await connection.run('USE session');
  const heldBytes = process.memoryUsage.rss();
  return {
    connections,
    async giveBack(isSound) {
      for (const connection of connections) connection.closeSync();
      const returns = !keepsMemory && process.memoryUsage.rss() - heldBytes > FEW_BYTES;
      if (isSound && kept === undefined && (await emptied(instance, returns ? bound(memoryLimit) : '')) && kept === undefined)
        kept = { instance, memoryLimit };
      else instance.closeSync();
    },
  };
}

/** What a session took may stay with the allocator for the next one. To return it walks all that is allocated: some milliseconds. */
const FEW_BYTES = 16 * 2 ** 20;

/** Also where it is as before: what is not in use is returned then. */
function bound(memoryLimit: string): string {
  return `SET memory_limit = ${sqlText(memoryLimit)}`;
}

/** Without the tables of its session, and what it read of files. */
async function emptied(instance: DuckDBInstance, more: string): Promise<boolean> {
  const connection = await instance.connect();
  try {
    await connection.run(
      `DETACH session; SET enable_external_file_cache = false; SET enable_external_file_cache = true; ${more}`,
    );
    return true;
  } catch {
    return false;
  } finally {
    connection.closeSync();
  }
}

/** Loaded with the first session: most processes open none for hours, and the library takes memory and a part of the start. */
async function create({ memoryLimit, threads, spillDir, tempLimit }: InstanceSettings): Promise<DuckDBInstance> {
  await import('./whole-text.ts');
  const client = await import('@duckdb/node-api');
  return client.DuckDBInstance.create(':memory:', {
    memory_limit: memoryLimit,
    threads: String(threads),
    temp_directory: spillDir,
    max_temp_directory_size: tempLimit,
    preserve_insertion_order: 'false',
    // Nothing is fetched at run time; what we use is built in.
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
}

async function connect(instance: DuckDBInstance, count: number): Promise<DuckDBConnection[]> {
  const connections: DuckDBConnection[] = [];
  for (let i = 0; i < count; i++) connections.push(await instance.connect());
  return connections;
}
