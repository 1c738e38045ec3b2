/** Under every table of credit. */
export const CREDIT_IS = 'credit describes paths, it is not the effect of a channel; for that, run a holdout';
