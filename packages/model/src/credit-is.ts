/** Wherever models are: under tables of credit, beside answers, on pages. */
export const CREDIT_IS = 'credit describes paths, it is not the effect of a channel; for that, run a holdout';
/** The same where whole sentences stand. */
export const CREDIT_IS_SENTENCE = `${CREDIT_IS.slice(0, 1).toUpperCase()}${CREDIT_IS.slice(1)}.`;
