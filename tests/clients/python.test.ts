import { fileURLToPath } from 'node:url'
import { describe } from 'vitest'
import { pythonWithCryptography } from '../support/python.ts'
import { lacks } from '../support/system-tools.ts'
import { clientSuite } from './suite.ts'

const program = fileURLToPath(new URL('../../clients/python/evidence_client.py', import.meta.url))

describe.skipIf(lacks('python3', 'python3-cryptography'))('the client in Python', () => {
  // -B: no compiled files beside the sources.
  clientSuite(() => ({ command: pythonWithCryptography(), args: ['-B', program] }))
})
