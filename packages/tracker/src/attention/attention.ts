import type { Attend } from '../page/settings.ts';
export const attend: Attend = () => ({ settled() {}, interrupted() {}, clicked() {}, take: () => ({}), begin() {} });
