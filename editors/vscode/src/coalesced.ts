/** Many wishes, few deeds: what is asked for while it is being done is done once more afterwards. Knows no editor. */

export class Coalesced {
  private wish: Promise<void> | undefined;
  private deed: Promise<void> = Promise.resolve();

  constructor(private readonly act: () => Promise<void>) {}

  /** Resolves when the action has been done at least once from its beginning after this call. Rejects as it does. */
  request(): Promise<void> {
    if (this.wish === undefined) {
      // whatever is asked for until the running action ends is one wish
      this.wish = this.deed.then(() => {
        this.wish = undefined;
        return this.act();
      });
      this.deed = this.wish.catch(() => undefined);
    }
    return this.wish;
  }
}
