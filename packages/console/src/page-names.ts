/** The pages of the console, by the last part of their address `/ui/NAME`. */
export const PAGES = [
  'attribution',
  'paths',
  'conversions',
  'conversion',
  'web',
  'user',
  'signals',
  'subjects',
  'live',
  'operations',
  'rejections',
  'dead-letters',
  'system',
] as const;
export type PageName = (typeof PAGES)[number];
