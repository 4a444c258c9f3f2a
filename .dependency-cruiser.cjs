// The arrows of DECISIONS.md (1): who may import whom. Every rule is an error.
const rule = (name, from, to, comment) => ({ name, severity: 'error', comment, from, to });
module.exports = {
  forbidden: [
    rule('no-cycles', {}, { circular: true }, 'a cycle has no first file to read'),
    rule('core-imports-nothing', { path: '^src/core/' }, { path: '^(src|formats|potentials)/', pathNot: '^src/core/' }),
    rule(
      'scan-imports-core',
      { path: '^src/scan/' },
      { path: '^(src|formats|potentials)/', pathNot: '^src/(core|scan)/' },
    ),
    rule(
      'flow-imports-core',
      { path: '^src/flow/' },
      { path: '^(src|formats|potentials)/', pathNot: '^src/(core|flow)/' },
    ),
    rule('formats-not-potentials', { path: '^formats/' }, { path: '^potentials/' }),
    rule('formats-not-composition', { path: '^formats/' }, { path: '^src/', pathNot: '^src/(core|scan|flow)/' }),
    rule('potentials-not-formats', { path: '^potentials/' }, { path: '^formats/' }),
    rule('potentials-not-composition', { path: '^potentials/' }, { path: '^src/', pathNot: '^src/(core|scan|flow)/' }),
    rule(
      'families-apart',
      { path: '^formats/([^/]+)/' },
      { path: '^formats/([^/]+)/', pathNot: '^formats/$1/' },
      'share through src/scan',
    ),
    rule('protocols-know-evaluators-only', { path: '^src/serve/protocols/' }, { path: '^(potentials|formats)/' }),
    rule(
      'codecs-are-sans-io',
      { path: '^src/serve/protocols/.*codec\\.ts$' },
      { path: '^(net|node:net|fs|node:fs|node:fs/promises|src/serve/transport/)' },
    ),
    rule('commands-are-thin', { pathNot: '^(src/cli/|test/)' }, { path: '^src/cli/' }),
    rule('yargs-in-cli-only', { pathNot: '^src/cli/' }, { path: 'node_modules/yargs' }),
    rule('chokidar-in-watch-only', { pathNot: '^src/watch/' }, { path: 'node_modules/chokidar' }),
    rule(
      'one-tensorflow-backend-file',
      { pathNot: '^src/tensorflow/engines\\.ts$' },
      { path: 'node_modules/@tensorflow/' },
    ),
    rule('shipped-code-not-test', { path: '^(src|formats|potentials)/' }, { path: '^test/' }),
    rule(
      'no-dev-dependency-shipped',
      { path: '^(src|formats|potentials)/' },
      { dependencyTypes: ['npm-dev'], pathNot: 'node_modules/@types/' },
    ),
    rule('all-dependencies-declared', {}, { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown'] }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
