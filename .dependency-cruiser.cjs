// The floors of the house: who may stand on whom. Each folder lists all it may import from; anything else is an
// upward import. See docs/architecture.md.
const floors = {
  'src/abi': [],
  'src/kernel': [],
  'src/sim': [],
  assembly: ['src/abi'],
  'src/engine': ['src/abi', 'src/kernel'],
  'src/lab': ['src/abi', 'src/kernel', 'src/engine'],
  'src/apiserver': ['src/sim'],
  'src/informer': ['src/sim', 'src/apiserver'],
  'src/controllers': ['src/sim', 'src/apiserver', 'src/informer'],
  'src/kubelet': ['src/sim', 'src/apiserver', 'src/informer'],
  'src/proxy': ['src/sim', 'src/apiserver', 'src/informer', 'src/kernel'],
  'src/policy': ['src/sim', 'src/apiserver', 'src/informer', 'src/kernel'],
  'src/cluster': [
    'src/abi',
    'src/sim',
    'src/kernel',
    'src/engine',
    'src/lab',
    'src/apiserver',
    'src/informer',
    'src/controllers',
    'src/kubelet',
    'src/proxy',
    'src/policy',
  ],
}

const above = Object.entries(floors).map(([folder, below]) => ({
  name: `floor: ${folder}`,
  severity: 'error',
  from: { path: `^${folder}/` },
  to: { path: '^(src|assembly|test|bench)/', pathNot: [folder, ...below].map((path) => `^${path}/`) },
}))

module.exports = {
  forbidden: [
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-test-in-source',
      severity: 'error',
      from: { path: '^(src|assembly)/' },
      to: { path: '^(test|bench)/' },
    },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      // Two answers, two authors: what judges the compilers has no line in common with them.
      name: 'evaluator-stands-alone',
      severity: 'error',
      from: { path: '^src/policy/evaluate/' },
      to: { path: '^src/', pathNot: ['^src/policy/evaluate/', '^src/apiserver/types/'] },
    },
    {
      name: 'compilers-stand-alone',
      severity: 'error',
      from: { path: '^src/policy/', pathNot: '^src/policy/evaluate/' },
      to: { path: '^src/policy/evaluate/' },
    },
    ...above,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.mjs', '.js'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'default'],
    },
  },
}
