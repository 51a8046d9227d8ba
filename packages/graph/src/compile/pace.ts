/** Steps that are not counted at the beginning of a trial: engines and sleeping threads have to warm up. */
const WARM = 8;
/** Steps that are timed in a trial. */
const TIMED = 8;
const TRIAL = WARM + TIMED;
/** After so many steps there are new trials: other programs come and go. */
const PERIOD = 4096;

/**
 * Finds out whether threads pay: some steps run on all of them, some on one, and from then on the faster way is taken. Both
 * have the same bits.
 */
export class Pace {
  private count = 0;
  private balance = 0;

  /** Whether the next step is shared among threads. */
  get together(): boolean {
    return this.asking ? this.count < TRIAL : this.balance <= 0;
  }

  /** Whether it is still being found out, so that times are to be told. */
  get asking(): boolean {
    return this.count < 2 * TRIAL;
  }

  /** Tells how long the step took. */
  took(milliseconds: number): void {
    if (this.count % TRIAL >= WARM) this.balance += this.together ? milliseconds : -milliseconds;
    this.count++;
  }

  /** Counts a step that was not timed. */
  next(): void {
    if (++this.count < PERIOD) return;
    this.count = 0;
    this.balance = 0;
  }
}
