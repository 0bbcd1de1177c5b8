import { fileURLToPath } from 'node:url'
import { spawnSync } from 'node:child_process'
import { afterAll, describe, expect, it } from 'vitest'
import { type PythonLines, pythonWithCryptography, startPythonLines } from '../support/python.ts'
import { lacks } from '../support/system-tools.ts'
import { clientSuite, type Printed, runProgram } from './suite.ts'

const program = fileURLToPath(new URL('../../clients/python/evidence_client.py', import.meta.url))

const vectors = fileURLToPath(new URL('vectors.py', import.meta.url))

describe.skipIf(lacks('python3', 'python3-cryptography'))('the client in Python', () => {
  it('reads what the vectors accept, and refuses what they refuse', () => {
    const { stdout, stderr } = spawnSync(pythonWithCryptography(), ['-B', vectors])
    expect(stderr.toString()).toBe('')
    expect(JSON.parse(stdout.toString())).toEqual({ formats: 14, wrong: [] })
  })

  /* Each run is a process of its own, forked from one that has loaded Python and `cryptography`: that is most of a run. */
  let python: PythonLines | undefined
  afterAll(() => python?.end())
  const runForked = (args: readonly string[]): Promise<Printed> =>
    (python ??= startPythonLines()).ask({ client: args }) as Promise<Printed>

  it('is one file that is run by itself, and ends as it does when it is forked', async () => {
    for (const args of [['verify', '--policy', '/nowhere', '/nowhere'], ['--help'], ['deposit']]) {
      // -B: no compiled files beside the sources.
      const alone = await runProgram(pythonWithCryptography(), ['-B', program, ...args])
      expect(await runForked(args)).toEqual(alone)
    }
  })

  clientSuite(() => ({ run: runForked, opensPassphrases: true }))
})
