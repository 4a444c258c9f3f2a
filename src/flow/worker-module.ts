/**
 * The address of a worker thread's module beside the one whose `import.meta.url` is given: the compiled file, or from the sources a
 * module that gets TypeScript loaded in the thread first (Node 20 does not inherit loaders).
 */
export function workerModule(name: string, importMetaUrl: string): URL {
  const beside = new URL(`./${name}.ts`, importMetaUrl);
  if (!importMetaUrl.endsWith('.ts')) return new URL(beside.href.replace(/ts$/, 'js'));
  const tsx = import.meta.resolve('tsx/esm/api');
  const text = `import { register } from '${tsx}'; register(); await import('${beside.href}');`;
  return new URL(`data:text/javascript,${encodeURIComponent(text)}`);
}
