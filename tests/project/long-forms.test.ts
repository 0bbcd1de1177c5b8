import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { harnesses, isShort, leftOut, sampled, sizeOf } from '../support/long.ts'

/* The table of long harnesses (tests/support/long.ts): CI leaves nothing out, and a run that left something out says so. */

const root = fileURLToPath(new URL('../../', import.meta.url))
const short = { EVIDENCE_TEST_FORM: 'short' }
const text = (file: string): string => readFileSync(join(root, file), 'utf8')

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

describe('R8 the short forms of the tests', () => {
  it('are asked for by name alone: not in CI, not by "npm run faults", not by the runner itself', () => {
    expect(isShort(short)).toBe(true)
    for (const env of [
      {},
      { ...short, CI: 'true' },
      { ...short, FAULTS_FIGURES: 'x' },
      { EVIDENCE_TEST_FORM: 'long' },
    ]) {
      expect([env, isShort(env)]).toEqual([env, false])
      expect(leftOut(env)).toEqual([])
      expect(sizeOf('tests/faults/differential.test.ts', 'cases', env)).toBe(500)
      const rows = Array.from({ length: 100 }, (_, i) => i)
      expect(sampled('tests/project/checking-without-us.test.ts', 'changes', rows, env)).toBe(rows)
    }
    expect(text('.ci/run')).toMatch(/^export CI=true$[^]*^npm test\n$/m)
  })

  it('are of files that there are, which take each of their sizes from the table', () => {
    for (const [file, { sizes = {}, leftOut }] of Object.entries(harnesses)) {
      expect([file, existsSync(join(root, file))]).toEqual([file, true])
      expect([file, leftOut !== undefined || Object.keys(sizes).length > 0]).toEqual([file, true])
      for (const [name, { short, long }] of Object.entries(sizes)) {
        expect([file, text(file).includes(`('${file}', '${name}'`)]).toEqual([file, true])
        expect([file, long === 'all' || (short > 0 && short < long)]).toEqual([file, true])
      }
    }
  })

  it('have some of the rows, from the first to the last, and all where there are few', () => {
    const rows = Array.from({ length: 30 }, (_, i) => i)
    expect(sampled('tests/project/checking-without-us.test.ts', 'changes', rows, short)).toEqual([0, 7, 15, 22, 29])
    expect(sampled('tests/project/checking-without-us.test.ts', 'changes', [1, 2], short)).toEqual([1, 2])
  })

  it('are told at the end of the run, with what was left out and the command that runs all', async () => {
    const { default: Reporter } = (await import('../../scripts/not-run.mjs' as string)) as {
      default: new () => { onTestRunEnd: (modules: readonly object[]) => void }
    }
    const told = (env: Readonly<Record<string, string>>): string => {
      for (const name of ['CI', 'FAULTS_FIGURES']) vi.stubEnv(name, undefined)
      for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
      let said = ''
      const spy = vi.spyOn(process.stderr, 'write').mockImplementation((line) => ((said += String(line)), true))
      const ran = ['tests/faults/fuzz.test.ts', 'tests/core/jwk.test.ts']
      new Reporter().onTestRunEnd(
        ran.map((relativeModuleId) => ({ relativeModuleId, children: { allTests: () => [] } })),
      )
      spy.mockRestore()
      return said
    }
    const said = told(short)
    expect(said).toContain('npm test -- --long')
    expect(said).toContain('tests/faults/fuzz.test.ts: 5000 of 20000 inputs\n')
    for (const file of leftOut(short)) expect(said).toContain(`${file}: LEFT OUT (`)
    // What did not run had no short form in this run.
    expect(said).not.toContain('tests/faults/differential.test.ts')
    expect(told({ ...short, CI: 'true' })).toBe('')
    expect(told({ EVIDENCE_TEST_FORM: 'long' })).toBe('')
  })
})
