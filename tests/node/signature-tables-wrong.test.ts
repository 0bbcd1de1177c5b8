import { spawnSync } from 'node:child_process'
import { cpSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const { path, remove } = temporaryFolder()
afterAll(remove)

/* A server's threads where the tables turn out to be wrong: the built program, with an accelerator put in that says so. */
it('threads that find their tables wrong say so once, and go on without: every verdict is right', () => {
  for (const part of ['core', 'node'])
    cpSync(join(root, 'dist', 'src', part), join(path, 'src', part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(path, 'node_modules'))
  writeFileSync(join(path, 'package.json'), '{"type":"module"}')
  cpSync(join(root, 'dist', 'src', 'accelerator'), join(path, 'src', 'accelerator'), { recursive: true })
  writeFileSync(
    join(path, 'src', 'accelerator', 'signature-tables.js'),
    `import { EvidenceError } from '../core/errors.js'
    let calls = 0
    export const openSignatureTables = () => ({ accepts: (jobs) => {
      if (++calls > 2) throw new EvidenceError('signatures-disagree', 'the tables are wrong')
      return new Uint8Array(jobs.length)
    } })`,
  )
  const program = join(path, 'program.mjs')
  writeFileSync(
    program,
    `import { SignatureGate } from './src/node/signature-gate.js'
    import { generateKeyPairSync, sign } from 'node:crypto'
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const key = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }).subarray(-32))
    const said = []
    const gate = new SignatureGate({ threads: 1, onDisagreement: (message) => said.push(message) })
    const jobs = Array.from({ length: 400 }, (_, i) => {
      const message = Buffer.from('message ' + i)
      const signature = new Uint8Array(sign(null, i % 5 === 0 ? Buffer.from('another') : message, privateKey))
      return { publicKey: key, message: new Uint8Array(message), signature }
    })
    const verdicts = []
    for (let i = 0; i < 4; i++) verdicts.push(...await gate.verifyMany(jobs))
    console.log(JSON.stringify({ said, wrong: verdicts.filter((valid, i) => valid !== (i % 5 > 0)).length, of: verdicts.length }))
    await gate.close()`,
  )
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(JSON.parse(stdout)).toEqual({ said: ['the tables are wrong'], wrong: 0, of: 1600 })
})
