// Writes src/report/self-test-vectors.ts, the vectors that every report's self-test runs, out of fixtures/vectors: part of `npm run vectors`.
// A test holds the two equal.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './setup.mjs'

/** Both verdicts of each step of a check, and the keys where libraries differ most. */
const names = [
  'ed25519/a-identity',
  'ed25519/a-non-canonical',
  'ed25519/a-order-8',
  'ed25519/message-changed',
  'ed25519/r-torsion',
  'ed25519/rfc8032-1',
  'ed25519/rfc8032-2',
  'ed25519/s-plus-order',
  'file/changed',
  'file/size-differs',
  'file/unchanged',
  'inclusion/index-is-size',
  'inclusion/leaf-other',
  'inclusion/size-300',
  'inclusion/size-7-last',
  'manifest/path-dot-dot',
  'manifest/tree',
  'manifest/tree-root-other',
  'receipt/checkpoint-signature',
  'receipt/disclosed',
  'receipt/jwk-weak',
  'receipt/kind-unknown',
  'receipt/policy-unmet',
  'receipt/statement-signature',
  'receipt/untrusted',
  'receipt/witnessed',
]

/** The module, from the vectors as they lie in the repository. */
export function selfTestModule() {
  const rows = names.map((name) => {
    const text = readFileSync(join(root, 'fixtures', 'vectors', `${name}.json`), 'utf8')
    if (/`|\$\{|\\$/.test(text)) throw new Error(`${name}: cannot stand in a raw template`)
    return `  [\n    '${name}',\n    String.raw\`${text}\`,\n  ],\n`
  })
  return `import type { VectorSet } from './self-test.ts'

/** The vectors of the self-test: names and files of \`fixtures/vectors\`, to the byte. Written by scripts/self-test.mjs. */
export const selfTestVectors: VectorSet = [
${rows.join('')}]
`
}

if (import.meta.url === pathToFileURL(process.argv[1]).href)
  writeFileSync(join(root, 'src', 'report', 'self-test-vectors.ts'), selfTestModule())
