import { fileURLToPath } from 'node:url'
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { sampled } from '../support/long.ts'
import { pythonWithCryptography } from '../support/python.ts'
import { lacks } from '../support/system-tools.ts'
import { clientSuite } from './suite.ts'

const program = fileURLToPath(new URL('../../clients/python/evidence_client.py', import.meta.url))

const vectors = fileURLToPath(new URL('vectors.py', import.meta.url))

describe.skipIf(lacks('python3', 'python3-cryptography'))('the client in Python', () => {
  it('reads what the vectors accept, and refuses what they refuse', () => {
    const { stdout, stderr } = spawnSync(pythonWithCryptography(), ['-B', vectors])
    expect(stderr.toString()).toBe('')
    expect(JSON.parse(stdout.toString())).toEqual({ formats: 12, wrong: [] })
  })

  // -B: no compiled files beside the sources.
  clientSuite(
    () => ({ command: pythonWithCryptography(), args: ['-B', program], opensPassphrases: true }),
    (rows) => sampled('tests/clients/python.test.ts', 'cases', rows),
  )
})
