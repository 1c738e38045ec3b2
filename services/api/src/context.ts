/** What every route is built on. */
import type { UnreadAnswers } from '@tributary/runtime/http/unread-answers';
import type { ServingContext } from '@tributary/serving/snapshot';
import type { FastifyPluginCallback } from 'fastify';
import type { ConcurrencyLimit } from './concurrency-limits.ts';
import type { ApiDeps } from './ports.ts';
import type { RecordReader } from './users/record-reader.ts';

export interface ApiContext extends ServingContext {
  readonly deps: ApiDeps;
  readonly records: RecordReader;
  /** Before each question to DuckDB. */
  readonly archiveLimit: ConcurrencyLimit;
  readonly unread: UnreadAnswers;
}

export type Routes = (context: ApiContext) => FastifyPluginCallback;
