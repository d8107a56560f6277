/** How long work that nobody waits for may go on at once. */

/** Called when the work begins; what it returns says whether its time is over. At least one piece is done in any case. */
export type Slice = () => () => boolean;

export const WITHOUT_END: Slice = () => () => false;
