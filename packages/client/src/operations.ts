/** Where each operation goes. The compiler holds it against the contract, which is not needed at run time. */
import type { Operations } from './api.ts';

export type Operation = keyof Operations;
export type Asked<O extends Operation> = Operations[O]['asked'];
export type Answer<O extends Operation> = Operations[O]['answer'];

/** Those whose answers come in pages. */
export type Paged = {
  [O in Operation]: Answer<O> extends { readonly nextCursor: string | null } ? O : never;
}[Operation];

export const ROUTES = {
  userSignals: ['GET', '/v1/users/{id}/signals'],
  querySignals: ['POST', '/v1/signals/query'],
  userJourney: ['GET', '/v1/users/{id}/journey'],
  attribution: ['GET', '/v1/attribution'],
  compareModels: ['GET', '/v1/attribution/compare'],
  models: ['GET', '/v1/models'],
  paths: ['GET', '/v1/paths'],
  transitions: ['GET', '/v1/transitions'],
  coalitions: ['GET', '/v1/coalitions'],
  activity: ['GET', '/v1/activity'],
  touches: ['GET', '/v1/touches'],
  conversions: ['GET', '/v1/conversions'],
  viewActivity: ['GET', '/v1/views/activity'],
  viewTouches: ['GET', '/v1/views/touches'],
  viewConversions: ['GET', '/v1/views/conversions'],
  viewCredit: ['GET', '/v1/views/credit'],
  viewCoalitions: ['GET', '/v1/views/coalitions'],
  viewTransitions: ['GET', '/v1/views/transitions'],
  viewNullCoalitions: ['GET', '/v1/views/nullCoalitions'],
  viewNullTransitions: ['GET', '/v1/views/nullTransitions'],
  viewPaths: ['GET', '/v1/views/paths'],
  viewPathShapes: ['GET', '/v1/views/pathShapes'],
  viewChannelLags: ['GET', '/v1/views/channelLags'],
  viewAssists: ['GET', '/v1/views/assists'],
  viewPositions: ['GET', '/v1/views/positions'],
  listConversions: ['GET', '/v1/conversion-list'],
  explainConversion: ['GET', '/v1/conversions/{id}'],
  archiveQuestions: ['GET', '/v1/archive-questions'],
  askArchive: ['POST', '/v1/archive-questions'],
  archiveQuestion: ['GET', '/v1/archive-questions/{id}'],
  dropArchiveQuestion: ['DELETE', '/v1/archive-questions/{id}'],
  archiveAttribution: ['GET', '/v1/archive-questions/{id}/attribution'],
  generations: ['GET', '/v1/generations'],
  generation: ['GET', '/v1/generations/{generation}'],
  requestGeneration: ['POST', '/v1/generations'],
  publishGeneration: ['POST', '/v1/generations/{generation}/publish'],
  rollbackGeneration: ['POST', '/v1/generations/{generation}/rollback'],
  reconciliations: ['GET', '/v1/reconciliations'],
  reconciliation: ['GET', '/v1/reconciliations/{generation}'],
  status: ['GET', '/v1/status'],
  deadLetters: ['GET', '/v1/dead-letters'],
  deadLetter: ['GET', '/v1/dead-letters/{id}'],
  replayDeadLetter: ['POST', '/v1/dead-letters/{id}/replay'],
  dropDeadLetter: ['DELETE', '/v1/dead-letters/{id}'],
} as const satisfies { readonly [O in Operation]: Operations[O]['route'] };

/** It changes nothing, so it may be sent again after an answer was lost. */
export function isRead(operation: Operation): boolean {
  return ROUTES[operation][0] === 'GET' || operation === 'querySignals';
}
