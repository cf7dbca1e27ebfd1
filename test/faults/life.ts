/** Never settles: what a process waits for after it died. */
const NEVER = new Promise<never>(() => {});

/**
 * The life of a process under test. It passes a boundary before and after whatever can be seen from outside: a
 * write or read of the ledger, a request. At the boundary at which it is to die, and ever after, nothing goes on.
 */
export class Life {
  readonly name: string;
  readonly #dieAt: number | null;
  #passed = 0;
  #isOver = false;
  readonly death: Promise<void>;
  #die: () => void = () => {};

  /** @param dieAt the boundary at which it dies, counted from 1; null for one that lives */
  constructor(name: string, dieAt: number | null) {
    this.name = name;
    this.#dieAt = dieAt;
    this.death = new Promise((resolve) => {
      this.#die = resolve;
    });
  }

  get passed(): number {
    return this.#passed;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Goes on at once, or never. */
  async boundary(): Promise<void> {
    this.#passed += 1;
    if (this.#passed === this.#dieAt) this.kill();
    if (this.#isOver) await NEVER;
  }

  /** Ends it now, wherever it is. */
  kill(): void {
    this.#isOver = true;
    this.#die();
  }
}
