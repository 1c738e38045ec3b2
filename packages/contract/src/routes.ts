/** All routes of the serving API by operation, except the probes and the pages of /docs. */
import { ARCHIVE_QUESTION_ROUTES } from './groups/archive-questions.ts';
import { RETIREMENT_ROUTES } from './groups/archive-retirements.ts';
import { ATTRIBUTION_ROUTES } from './groups/attribution.ts';
import { COMPUTATION_ROUTES } from './groups/computations.ts';
import { CONVERSION_ROUTES } from './groups/conversions.ts';
import { COUNT_ROUTES } from './groups/counts.ts';
import { DEAD_LETTER_ROUTES } from './groups/dead-letters.ts';
import { ERASURE_ROUTES } from './groups/erasures.ts';
import { GENERATION_EXPORT_ROUTES } from './groups/generation-export.ts';
import { GENERATION_ROUTES } from './groups/generations.ts';
import { OPERATION_ROUTES } from './groups/operations.ts';
import { PATH_ROUTES } from './groups/paths.ts';
import { REJECTION_ROUTES } from './groups/rejections.ts';
import { REPROCESSING_ROUTES } from './groups/reprocessing.ts';
import { RUN_ROUTES } from './groups/runs.ts';
import { SCHEDULE_ROUTES } from './groups/schedules.ts';
import { SEGMENT_ROUTES } from './groups/segments.ts';
import { SIGNAL_VALUE_ROUTES } from './groups/signal-values.ts';
import { STREAM_ROUTES } from './groups/stream.ts';
import { TOTALS_ROUTES, VIEW_ROUTES } from './groups/totals.ts';
import { TRAINING_SET_ROUTES } from './groups/training-sets.ts';
import { USER_EXPORT_ROUTES } from './groups/user-export.ts';
import { USER_LINK_ROUTES } from './groups/user-links.ts';
import { USER_ROUTES } from './groups/users.ts';
import { WEB_ROUTES } from './groups/web.ts';
import type { Routes } from './shapes/route.ts';

export const ROUTES = {
  ...USER_ROUTES,
  ...USER_LINK_ROUTES,
  ...USER_EXPORT_ROUTES,
  ...ERASURE_ROUTES,
  ...SIGNAL_VALUE_ROUTES,
  ...SEGMENT_ROUTES,
  ...TRAINING_SET_ROUTES,
  ...COMPUTATION_ROUTES,
  ...ATTRIBUTION_ROUTES,
  ...PATH_ROUTES,
  ...TOTALS_ROUTES,
  ...VIEW_ROUTES,
  ...WEB_ROUTES,
  ...COUNT_ROUTES,
  ...CONVERSION_ROUTES,
  ...ARCHIVE_QUESTION_ROUTES,
  ...GENERATION_ROUTES,
  ...GENERATION_EXPORT_ROUTES,
  ...RUN_ROUTES,
  ...SCHEDULE_ROUTES,
  ...REPROCESSING_ROUTES,
  ...RETIREMENT_ROUTES,
  ...OPERATION_ROUTES,
  ...DEAD_LETTER_ROUTES,
  ...REJECTION_ROUTES,
  ...STREAM_ROUTES,
} as const satisfies Routes;
