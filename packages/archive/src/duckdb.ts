/**
 * DuckDB sessions. Queries are our code; values that come from data are bound, never spliced. No two sessions share an instance at a time
 * (duckdb-instances.ts): `close` frees its memory but for a few MiB, or leaves it to the process where asked (`keepsMemory`), and an instance on which
 * a statement failed is not used again.
 *
 * A session of several connections runs as many statements side by side, each on the first connection that is free: so none may depend on
 * which one it gets. Tables are seen by all of them, TEMP ones are not.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { DuckDBConnection, DuckDBDataChunk, DuckDBMaterializedResult, DuckDBValue } from '@duckdb/node-api';
import { lendInstance } from './duckdb-instances.ts';

export interface DuckDbOptions {
  /** Bounds DuckDB's buffers only, e.g. "1GB": leave as much again for the rest of the process. */
  readonly memoryLimit: string;
  readonly threads: number;
  /** Statements that may run at once, sharing memory and threads: 1 by default. */
  readonly connections?: number;
  /** Holds what does not fit into memory, in a folder of this session's own that `close` removes. */
  readonly tempDir: string;
  /** The most that may spill there, e.g. "20GB". */
  readonly tempLimit?: string;
  /** What it took may stay with the process when it is closed, for the next session: of a process that ends soon. */
  readonly keepsMemory?: boolean;
}

export type SqlValue = DuckDBValue;
export type SqlRow = Record<string, DuckDBValue>;

export interface DuckDb {
  /** Runs one statement; values are bound to $1, $2 … or to names. */
  run(sql: string, values?: SqlValue[] | Record<string, SqlValue>): Promise<void>;
  /** All rows, BIGINT as bigint. Only for results that are known to be small. */
  rows(sql: string, values?: SqlValue[] | Record<string, SqlValue>): Promise<SqlRow[]>;
  /** All rows by column, in the order of the select list: less garbage than objects. */
  columns(sql: string, values?: SqlValue[] | Record<string, SqlValue>): Promise<(readonly DuckDBValue[])[]>;
  /** As `columns`, some 2 048 rows at a time: between them the event loop goes on. */
  chunks(sql: string, values?: SqlValue[] | Record<string, SqlValue>): AsyncIterable<readonly (readonly DuckDBValue[])[]>;
  /** Makes the running statement fail: for timeouts. */
  interrupt(): void;
  close(): Promise<void>;
}

export async function openDuckDb(options: DuckDbOptions): Promise<DuckDb> {
  await mkdir(options.tempDir, { recursive: true });
  const spillDir = await mkdtemp(join(options.tempDir, 'duckdb-'));
  const { connections, giveBack } = await lendInstance({
    memoryLimit: options.memoryLimit,
    threads: options.threads,
    connections: options.connections ?? 1,
    spillDir,
    tempLimit: options.tempLimit ?? '20GB',
    keepsMemory: options.keepsMemory ?? false,
  });
  const free = poolOf(connections);
  let broken: Error | undefined;
  let isSound = true;
  let running = 0;
  let closed = false;

  function check(): void {
    if (closed) throw new Error('the DuckDB session is closed');
    if (broken !== undefined)
      throw new Error(`the DuckDB session met an error that makes it unusable: ${broken.message}`, { cause: broken });
  }

  async function guarded<T>(work: () => Promise<T>): Promise<T> {
    check();
    running++;
    try {
      return await work();
    } catch (error) {
      isSound = false;
      if (error instanceof Error && /^(INTERNAL|FATAL) Error/i.test(error.message)) broken = error;
      throw error;
    } finally {
      running--;
    }
  }

  /** Checked again when the connection is there: meanwhile another statement may have met such an error. */
  const onFree = <T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> => {
    check();
    return free((connection) => guarded(() => work(connection)));
  };

  return {
    run: async (sql, values) => {
      await onFree((connection) => connection.run(sql, values));
    },
    rows: async (sql, values) =>
      onFree(async (connection) => {
        const result = await connection.run(sql, values);
        const [names, rows]: [readonly string[], SqlRow[]] = [result.deduplicatedColumnNames(), []];
        for (const chunk of chunksOf(result)) chunk.appendToRowObjects(names, rows);
        return rows;
      }),
    columns: async (sql, values) =>
      onFree(async (connection) => {
        const columns: DuckDBValue[][] = [];
        for (const chunk of chunksOf(await connection.run(sql, values))) chunk.appendToColumns(columns);
        return columns;
      }),
    async *chunks(sql, values) {
      // Not `stream`: there an error half-way ends the rows as if they were all (@duckdb/node-api 1.5.6-r.1).
      const result = await onFree((connection) => connection.run(sql, values));
      for (let at = 0; at < result.chunkCount; at++) {
        if (at > 0) await turn();
        yield await guarded(async () => result.getChunk(at).getColumns());
      }
    },
    interrupt: () => {
      if (!closed) for (const connection of connections) connection.interrupt();
    },
    async close() {
      if (closed) return;
      closed = true;
      await giveBack(isSound && running === 0);
      await rm(spillDir, { recursive: true, force: true });
    },
  };
}

/** One after the other, as one piece of work: what a statement costs beside DuckDB's own work is paid once. */
export async function runAll(session: Pick<DuckDb, 'run'>, statements: readonly string[]): Promise<void> {
  if (statements.length > 0) await session.run(statements.join('\n;\n'));
}

/** The result is in memory: to fetch a chunk of it, or to find that there is none, need not wait for a thread. */
function* chunksOf(result: DuckDBMaterializedResult): Generator<DuckDBDataChunk> {
  for (let at = 0; at < result.chunkCount; at++) yield result.getChunk(at);
}

/** Gives each piece of work a connection of its own, in the order in which they ask. */
function poolOf(connections: readonly DuckDBConnection[]) {
  const idle = [...connections];
  const waiting: ((connection: DuckDBConnection) => void)[] = [];
  return async <T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> => {
    const connection = idle.pop() ?? (await new Promise<DuckDBConnection>((resolve) => waiting.push(resolve)));
    try {
      return await work(connection);
    } finally {
      const next = waiting.shift();
      if (next === undefined) idle.push(connection);
      else next(connection);
    }
  };
}
