/** What every route is built on. */
import type { ModelRunner } from '@tributary/reports/runner/runner';
import type { UnreadAnswers } from '@tributary/runtime/http/unread-answers';
import type { ServingContext } from '@tributary/serving/snapshot';
import type { UserContext } from '@tributary/serving/users/find-conversion';
import type { KeptValues } from '@tributary/serving/users/kept-values';
import type { FastifyPluginCallback } from 'fastify';
import type { ExportTurns } from './export/turns.ts';
import type { ApiDeps, ComputationWatch } from './ports.ts';

export interface ApiContext extends ServingContext, UserContext {
  readonly deps: ApiDeps;
  readonly unread: UnreadAnswers;
  readonly models: ModelRunner;
  readonly exportTurns: ExportTurns;
  readonly computations: ComputationWatch;
  readonly keptValues: KeptValues;
}

export type Routes = (context: ApiContext) => FastifyPluginCallback;
