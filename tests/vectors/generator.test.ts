import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { errorTable } from '../../src/core/errors.ts'
import { temporaryFolder } from '../support/folder.ts'
import { formatChecks } from './check-formats.ts'
import { reportChecks } from './check-reports.ts'
import { readVectors, type VectorFile, vectorFolder } from './vector-files.ts'

const project = fileURLToPath(new URL('../..', import.meta.url))
const files = readVectors()

function jsonFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.json'))
    .sort()
}

describe('the generator', () => {
  it('writes exactly the files that are committed', () => {
    const { path, remove } = temporaryFolder()
    try {
      execFileSync(process.execPath, [join(vectorFolder, 'generate.mjs'), path])
      expect(jsonFiles(path)).toEqual(jsonFiles(vectorFolder))
      const differing = jsonFiles(path).filter(
        (name) => !readFileSync(join(path, name)).equals(readFileSync(join(vectorFolder, name))),
      )
      expect(differing).toEqual([])
    } finally {
      remove()
    }
  })
})

/** Names of the files for which something does not hold. */
function offenders(holds: (file: VectorFile) => boolean): string[] {
  return files.filter((file) => !holds(file)).map(({ name }) => name)
}

describe('the files', () => {
  it('have one shape', () => {
    const wrong = offenders(({ name, text, vector }) => {
      const parsed = JSON.parse(text) as Record<string, unknown>
      const { valid, code } = vector.expect
      return (
        Object.keys(parsed).join() === 'format,description,rule,input,expect' &&
        text === `${JSON.stringify(parsed, null, 2)}\n` &&
        name.startsWith(`${vector.format}/`) &&
        /^[A-Z0-9].*\.$/.test(vector.description) &&
        (valid ? code === undefined : code !== undefined && Object.hasOwn(errorTable, code))
      )
    })
    expect(wrong).toEqual([])
  })

  it('name pages of the specification that are there', () => {
    const wrong = offenders(({ vector }) => {
      const [, page] = /^(docs\/spec\/[0-9a-z-]+\.md): \S/.exec(vector.rule) ?? []
      return page !== undefined && existsSync(join(project, page))
    })
    expect(wrong).toEqual([])
  })

  it('are of formats that are checked, each with accepts and rejects', () => {
    const formatsOf = (valid: boolean): string[] => [
      ...new Set(files.filter(({ vector }) => vector.expect.valid === valid).map(({ vector }) => vector.format)),
    ]
    const checked = new Set(Object.keys({ ...formatChecks, ...reportChecks }))
    expect(new Set(formatsOf(true))).toEqual(checked)
    expect(new Set(formatsOf(false))).toEqual(checked)
  })

  it('are many, and small', () => {
    expect(files.length).toBeGreaterThan(350)
    expect(offenders(({ text }) => text.length < 128 * 1024)).toEqual([])
  })

  it('are described, format by format', () => {
    const readme = readFileSync(join(vectorFolder, 'README.md'), 'utf8')
    expect(offenders(({ vector }) => new RegExp(`^\\| \`${vector.format}\` +\\|`, 'm').test(readme))).toEqual([])
  })
})
