// Reads a file with one thread or several and prints what it found; started by parts-read.slow.test.ts, because threads need compiled or loaded sources.
const [open, path, threads, format, strict] = process.argv.slice(2);
const { openFrames } = await import(open);
const hash = (await import('node:crypto')).createHash('sha256');
const bytesOf = (value) =>
  JSON.stringify(value, (_, v) =>
    ArrayBuffer.isView(v)
      ? [v.constructor.name, Buffer.from(v.buffer, v.byteOffset, v.byteLength).toString('latin1')]
      : typeof v === 'bigint'
        ? `${v}n`
        : v instanceof Set
          ? [...v]
          : Object.is(v, -0)
            ? '-0'
            : v,
  );
const found = { frames: 0, diagnostics: [], error: undefined, hash: '', last: undefined };
const onDiagnostic = (diagnostic) => found.diagnostics.push(diagnostic);
try {
  const options = { path, strict: strict === 'strict', onDiagnostic, lammpsUnits: 'real', threads: Number(threads) };
  for await (const frame of (await openFrames(format, options)).frames) {
    found.frames++;
    found.last = frame.origin;
    hash.update(bytesOf(frame));
    for (const key of Object.getOwnPropertySymbols(frame.info))
      hash.update(`${String(key)}${bytesOf(frame.info[key])}`);
  }
} catch (error) {
  found.error = { name: error.name, code: error.code, message: error.message };
}
found.hash = hash.digest('hex');
console.log(JSON.stringify(found));
