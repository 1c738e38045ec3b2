/** The views that reports are made of, by name. */
import { activity } from '@tributary/views/activity/fold';
import { conversions } from '@tributary/views/conversions/fold';
import { credit } from '@tributary/views/credit/fold';
import { touches } from '@tributary/views/touches/fold';

export const activityView = activity;
export const conversionsView = conversions;
export const creditView = credit;
export const touchesView = touches;
