/**
 * The module of a worker thread, given by the address of its source beside the caller (`new URL('./x.ts', import.meta.url)`): the
 * compiled file, or from the sources a module that gets TypeScript loaded in the thread first (Node 20 does not inherit loaders).
 */
export function workerModule(source: URL): URL {
  if (!import.meta.url.endsWith('.ts')) return new URL(source.href.replace(/ts$/, 'js'));
  const tsx = import.meta.resolve('tsx/esm/api');
  const text = `import { register } from '${tsx}'; register(); await import('${source.href}');`;
  return new URL(`data:text/javascript,${encodeURIComponent(text)}`);
}
