import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { errorTable, EvidenceError, isEvidenceError } from '../../src/core/errors.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

describe('the error table', () => {
  it('is what docs/errors.md says', async () => {
    const { errorsPage } = (await import('../../scripts/errors-doc.mjs' as string)) as {
      errorsPage: (table: object) => string
    }
    expect(readFileSync(`${root}docs/errors.md`, 'utf8')).toBe(errorsPage(errorTable))
  })

  it('has no code that nothing uses', () => {
    const files = execFileSync('git', ['ls-files', 'src', 'server', 'cli'], { cwd: root, encoding: 'utf8' })
      .trim()
      .split('\n')
    const source = files
      .filter((path) => path.endsWith('.ts') && !path.endsWith('core/errors.ts'))
      .map((path) => readFileSync(`${root}${path}`, 'utf8'))
      .join('\n')
    expect(Object.keys(errorTable).filter((code) => !source.includes(`'${code}'`))).toEqual([])
  })

  it('gives every code an action that ends in a full stop, a status and an exit code', () => {
    for (const [code, { action, status, exit }] of Object.entries(errorTable)) {
      expect(`${code}: ${action}`).toMatch(/\.$/)
      expect(status).toBeGreaterThanOrEqual(400)
      expect([1, 2, 3, 4]).toContain(exit)
    }
  })

  it('tells its errors from others', () => {
    const error = new EvidenceError('jti-reused', 'used before', { index: 3 })
    expect(isEvidenceError(error)).toBe(true)
    expect(isEvidenceError(error, 'jti-reused')).toBe(true)
    expect(isEvidenceError(error, 'key-unknown')).toBe(false)
    expect(isEvidenceError(new Error('x'))).toBe(false)
  })
})
