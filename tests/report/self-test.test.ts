import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runSelfTest } from '../../src/report/self-test.ts'
import { selfTestVectors } from '../../src/report/self-test-vectors.ts'
import { readVectors, vectorFolder } from '../vectors/vector-files.ts'

const root = join(vectorFolder, '../..')

describe('the self-test', () => {
  it('holds the vectors of the repository, to the byte, of every format that it promises', async () => {
    const files = new Map(readVectors().map(({ name, text }) => [name, text]))
    expect(selfTestVectors.length).toBeGreaterThanOrEqual(20)
    for (const [name, text] of selfTestVectors) expect(text).toBe(files.get(name))
    const formats = new Set(selfTestVectors.map(([name]) => name.split('/')[0]))
    expect(formats).toEqual(new Set(['ed25519', 'file', 'inclusion', 'manifest', 'receipt']))
    const script = pathToFileURL(join(root, 'scripts', 'self-test.mjs')).href
    const { selfTestModule } = (await import(script)) as { selfTestModule: () => string }
    const committed = readFileSync(join(root, 'src', 'report', 'self-test-vectors.ts'), 'utf8')
    expect(committed).toBe(selfTestModule())
  })

  it('judges all of them as they should be, and has the SHA-256 that sha256sum gives', () => {
    const { failed, results, setSha256 } = runSelfTest(selfTestVectors)
    expect(results.filter(({ holds }) => !holds)).toEqual([])
    expect(failed).toBe(0)
    const hex = (text: string): string => createHash('sha256').update(text).digest('hex')
    expect(setSha256).toBe(hex(selfTestVectors.map(([name, text]) => `${hex(text)}  ${name}.json\n`).join('')))
  })

  it('sees each vector that states another verdict, and none that cannot be read passes', () => {
    for (const [name, text] of selfTestVectors) {
      const other = text.includes('"valid": true')
        ? text.replace('"valid": true', '"valid": false,\n    "code": "other"')
        : text.replace('"valid": false', '"valid": true')
      expect(other).not.toBe(text)
      expect(runSelfTest([[name, other]]).failed).toBe(1)
      expect(runSelfTest([[name, text.slice(1)]]).failed).toBe(1)
      expect(runSelfTest([[name, '{"format":"unheard-of","input":{},"expect":{"valid":true}}']]).failed).toBe(1)
    }
    expect(runSelfTest([]).failed).toBe(1)
  })
})
