import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readModule } from '../../src/accelerator/arithmetic.ts'

const script = fileURLToPath(new URL('../../scripts/accelerator.mjs', import.meta.url))

describe('the module', () => {
  it('has the same bytes however often it is built, and those in dist', () => {
    const folder = mkdtempSync(join(tmpdir(), 'evidence-accelerator-'))
    try {
      const [one, other] = ['one.wasm', 'other.wasm'].map((name) => {
        execFileSync(process.execPath, [script, join(folder, name)], { cwd: folder })
        return readFileSync(join(folder, name))
      })
      expect(one?.equals(other as Buffer)).toBe(true)
      expect(one?.equals(readModule())).toBe(true)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('asks nothing of its host, and is small', () => {
    const bytes = readModule()
    // Section 2 of a module is what it imports.
    const sections: number[] = []
    for (let at = 8; at < bytes.length; ) {
      sections.push(bytes[at++] as number)
      let [length, shift] = [0, 0]
      for (let byte = 0x80; byte >= 0x80; shift += 7) {
        byte = bytes[at++] as number
        length += (byte & 0x7f) * 2 ** shift
      }
      at += length
    }
    expect(sections).not.toContain(2)
    expect(bytes.length).toBeLessThan(16_384)
  })
})
