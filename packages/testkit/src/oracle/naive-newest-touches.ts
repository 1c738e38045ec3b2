/** A path looks at no touch before these. */
export const NEWEST_TOUCHES = 1_000;
