/**
 * Works on the values of a source, up to `limit` at the same time, and gives the results in the order of the values: a result is given
 * as soon as those before it have been, also while the source is silent. A failure of the source or of `work` is thrown in its turn.
 */
export async function* mapInOrder<T, R>(
  source: AsyncIterable<T>,
  limit: number,
  work: (value: T) => Promise<R>,
): AsyncGenerator<R, void> {
  const iterator = source[Symbol.asyncIterator]();
  const under: Outcome<R>[] = [];
  let asked = false;
  let ended = false;
  let wake = () => {};
  const start = (value: T) => {
    const outcome: Outcome<R> = {};
    under.push(outcome);
    work(value)
      .then(
        (result) => {
          outcome.result = { value: result };
        },
        (error) => {
          outcome.failure = { error };
        },
      )
      .finally(() => wake());
  };
  const ask = () => {
    asked = true;
    iterator
      .next()
      .then(
        ({ done, value }) => {
          if (done) ended = true;
          else start(value);
        },
        (error) => {
          ended = true;
          under.push({ failure: { error } });
        },
      )
      .finally(() => {
        asked = false;
        wake();
      });
  };
  try {
    while (true) {
      if (!asked && !ended && under.length < limit) ask();
      const [oldest] = under;
      if (oldest?.failure) throw oldest.failure.error;
      if (oldest?.result) {
        under.shift();
        yield oldest.result.value;
      } else if (ended && under.length === 0) return;
      // Not Promise.race: a race against a promise that lives long keeps every race of its life in memory.
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    iterator.return?.()?.catch(() => {}); // not waited for: a silent source may answer late
  }
}

interface Outcome<R> {
  result?: { readonly value: R };
  failure?: { readonly error: unknown };
}
