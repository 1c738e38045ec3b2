/** All routes of the serving API by operation, except the probes and the pages of /docs. */
import { ARCHIVE_QUESTION_ROUTES } from './archive-questions.ts';
import { ATTRIBUTION_ROUTES } from './attribution.ts';
import { CONVERSION_ROUTES } from './conversions.ts';
import { DEAD_LETTER_ROUTES } from './dead-letters.ts';
import { GENERATION_ROUTES } from './generations.ts';
import { OPERATION_ROUTES } from './operations.ts';
import { PATH_ROUTES } from './paths.ts';
import { REJECTION_ROUTES } from './rejections.ts';
import { REPROCESSING_ROUTES } from './reprocessing.ts';
import type { Routes } from './route.ts';
import { RUN_ROUTES } from './runs.ts';
import { SCHEDULE_ROUTES } from './schedules.ts';
import { SEGMENT_ROUTES } from './segments.ts';
import { SIGNAL_VALUE_ROUTES } from './signal-values.ts';
import { STREAM_ROUTES } from './stream.ts';
import { TOTALS_ROUTES, VIEW_ROUTES } from './totals.ts';
import { TRAINING_SET_ROUTES } from './training-sets.ts';
import { USER_EXPORT_ROUTES } from './user-export.ts';
import { USER_ROUTES } from './users.ts';
import { WEB_ROUTES } from './web.ts';

export const ROUTES = {
  ...USER_ROUTES,
  ...USER_EXPORT_ROUTES,
  ...SIGNAL_VALUE_ROUTES,
  ...SEGMENT_ROUTES,
  ...TRAINING_SET_ROUTES,
  ...ATTRIBUTION_ROUTES,
  ...PATH_ROUTES,
  ...TOTALS_ROUTES,
  ...VIEW_ROUTES,
  ...WEB_ROUTES,
  ...CONVERSION_ROUTES,
  ...ARCHIVE_QUESTION_ROUTES,
  ...GENERATION_ROUTES,
  ...RUN_ROUTES,
  ...SCHEDULE_ROUTES,
  ...REPROCESSING_ROUTES,
  ...OPERATION_ROUTES,
  ...DEAD_LETTER_ROUTES,
  ...REJECTION_ROUTES,
  ...STREAM_ROUTES,
} as const satisfies Routes;
