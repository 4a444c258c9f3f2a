/** Events that come in bursts wake once for all. */
const BURST = 20;

/** Something to wait for that others can end early. */
export class Alarm {
  #wake: () => void = () => {};
  #rung = false;

  /** Waits until `time` (ms of `performance.now()`), `ring` or an abort. */
  async until(time: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return;
    const delay = this.#rung ? BURST : Math.min(Math.max(time - performance.now(), 1), 2 ** 31 - 1);
    this.#rung = false;
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
        this.#wake = () => {};
        resolve();
      };
      const timer = setTimeout(wake, delay);
      signal?.addEventListener('abort', wake, { once: true });
      this.#wake = wake;
    });
  }

  ring(): void {
    if (this.#rung) return;
    this.#rung = true;
    setTimeout(() => this.#wake(), BURST).unref();
  }
}
