/** How often the server may end by itself before it is left alone, and how long to wait before it is started again. */

export const MAX_CRASHES = 4; // so many in a row are no accident
const APART_MS = 180_000;
const FIRST_WAIT_MS = 500;

export class Crashes {
  private at: number[] = [];

  /** Takes note of one more; how many ms to wait before the next start, or undefined when there were too many. */
  count(nowMs: number): number | undefined {
    this.at = [...this.at.filter((then) => nowMs - then < APART_MS), nowMs];
    return this.at.length > MAX_CRASHES ? undefined : FIRST_WAIT_MS * 2 ** (this.at.length - 1);
  }

  /** Somebody wants it to be tried again. */
  forget(): void {
    this.at = [];
  }
}
