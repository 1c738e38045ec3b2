/** What every route is built on. */

import type { UnreadAnswers } from '@tributary/runtime/unread-answers';
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import type { DeltaFollower } from './delta-follower.ts';
import type { Generations } from './generations.ts';
import type { ApiDeps } from './ports.ts';
import type { RecordReader } from './record-reader.ts';
import type { SpeedBoard } from './speed-board.ts';
import type { Turnstile } from './turnstile.ts';

export interface ApiContext {
  readonly deps: ApiDeps;
  readonly generations: Generations;
  readonly board: SpeedBoard;
  readonly deltas: DeltaFollower;
  readonly records: RecordReader;
  /** Before each question to DuckDB. */
  readonly turnstile: Turnstile;
  readonly unread: UnreadAnswers;
}

export type Routes = (context: ApiContext) => FastifyPluginCallbackZod;
