import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'
import { go } from '../support/go.ts'
import { lacks } from '../support/system-tools.ts'
import { clientSuite, runProgram } from './suite.ts'

const module = fileURLToPath(new URL('../../clients/go/', import.meta.url))

describe.skipIf(lacks('go'))('the client in Go', () => {
  const { path, remove } = temporaryFolder()
  const program = join(path, 'evidence-deposit')

  beforeAll(() => {
    const { code, text } = go(['build', '-o', program, './cmd/evidence-deposit'], module)
    if (code !== 0) throw new Error(`the client does not compile: ${text}`)
  })
  afterAll(remove)

  it('has nothing that "go vet" finds, and asks for Go 1.19 and the standard library alone', () => {
    expect(go(['vet', './...'], module)).toEqual({ code: 0, text: '' })
    expect(readFileSync(join(module, 'go.mod'), 'utf8')).toBe('module evidence-ledger/clients/go\n\ngo 1.19\n')
  })

  it('reads what the vectors accept, and refuses what they refuse', () => {
    expect(go(['test', '-count=1', '.'], module)).toMatchObject({ code: 0 })
  })

  clientSuite(() => ({ run: (args) => runProgram(program, args), opensPassphrases: false }))
})
