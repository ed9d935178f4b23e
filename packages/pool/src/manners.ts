/** How a pool goes about it where another one, whose place it takes, would do something else. */
export interface Manners {
  /** One dialer for all, with pauses, and its failure is everybody's; or each caller's own dial, which is his failure alone. */
  readonly dialsForAll: boolean;
  /** `min` resources are opened and opened again; or those that are open are not closed for being idle. */
  readonly refills: boolean;
  /** Refuses callers on arrival whose predicted wait passes their deadline. */
  readonly predicts: boolean;
  /** Takes up to a tenth off each resource's lifetime, at random. */
  readonly jitters: boolean;
}

export const OUR_MANNERS: Manners = { dialsForAll: true, refills: true, predicts: true, jitters: true };
