import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/** The public surface: a change to it is seen in review (npm test -- -u writes it anew). */
const manifest = JSON.parse(readFileSync(fileURLToPath(new URL('../../package.json', import.meta.url)), 'utf8')) as {
  exports: Record<string, string | { default: string }>
}
const entries = Object.entries(manifest.exports).flatMap(([name, target]) =>
  typeof target === 'string' ? [] : [[name, target.default] as const],
)

describe('public surface', () => {
  it.each(entries)('of %s', async (_name, target) => {
    const module = (await import(fileURLToPath(new URL(`../../${target}`, import.meta.url)))) as object
    expect(Object.keys(module).sort()).toMatchSnapshot()
  })

  it('gives an auditor the four functions of core', async () => {
    const core = (await import('../../src/core/index.ts')) as unknown as Record<string, unknown>
    for (const name of ['verifyEd25519', 'leafHash', 'verifyInclusion', 'verifyConsistency'])
      expect(core[name]).toBeTypeOf('function')
  })
})
