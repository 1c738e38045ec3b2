/**
 * A path looks back over no more touches than this, the newest. Without a bound a user with as many conversions as touches costs
 * the product of both.
 */
export const MAX_PATH_TOUCHES = 1_000;
