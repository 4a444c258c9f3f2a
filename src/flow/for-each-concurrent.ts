/**
 * Works on the values of a source, up to `limit` at the same time, in the order they come; the next value is asked for when there is
 * room for it, so that a slow `work` holds the source back. Resolves when all is done. After a failure of the source or of `work` no
 * value is taken any more, the works that run are waited for, and the failure is thrown.
 */
export async function forEachConcurrent<T>(
  source: AsyncIterable<T>,
  limit: number,
  work: (value: T) => Promise<void>,
): Promise<void> {
  const iterator = source[Symbol.asyncIterator]();
  let running = 0;
  let asked = false;
  let ended = false;
  let failure: { readonly error: unknown } | undefined;
  let wake = () => {};
  const fail = (error: unknown) => {
    failure ??= { error };
  };
  const start = (value: T) => {
    running++;
    work(value)
      .catch(fail)
      .finally(() => {
        running--;
        wake();
      });
  };
  const ask = () => {
    asked = true;
    iterator
      .next()
      .then(({ done, value }) => {
        if (done) ended = true;
        else if (!failure) start(value);
      }, fail)
      .finally(() => {
        asked = false;
        wake();
      });
  };
  // Not Promise.race: a race against a promise that lives long keeps every race of its life in memory.
  while (!failure && !(ended && running === 0)) {
    if (!asked && !ended && running < limit) ask();
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
  while (running > 0)
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  if (!failure) return;
  iterator.return?.()?.catch(() => {}); // not waited for: a silent source may answer late
  throw failure.error;
}
