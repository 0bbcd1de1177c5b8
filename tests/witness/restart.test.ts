import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { parseTreeHead } from '../../src/core/checkpoint-text.ts'
import { parseNote } from '../../src/core/note.ts'
import { encodeAddCheckpoint } from '../../src/core/witness-request.ts'
import { originHash } from '../../src/witness/folder.ts'
import { addLogs, removeLog } from '../../src/witness/log-list.ts'
import { Witness } from '../../src/witness/witness.ts'
import { codeOf } from '../core/support.ts'
import { type CliError, evidence } from '../support/cli.ts'
import { problemIn, request } from '../support/server.ts'
import { type TestWitness, testWitness } from '../support/witness.ts'
import { WitnessedLog } from '../support/witnessed-log.ts'

const log = new WitnessedLog('log.example/restarted')
const statePath = ({ folder }: TestWitness): string => join(folder.state, originHash(log.origin))
let witness: TestWitness
afterEach(() => witness.remove())

describe('a witness that is started again', () => {
  it('knows what it cosigned, and goes on from there alone', async () => {
    witness = await testWitness([log.key])
    await witness.add(log.request(0, 7))
    const before = (await witness.get(`/${originHash(log.origin)}/checkpoint`)).text
    await witness.stop()
    await witness.start()
    expect((await witness.get(`/${originHash(log.origin)}/checkpoint`)).text).toBe(before)
    expect((await witness.add(log.request(0, 9))).text).toBe('7\n')
    expect((await witness.add(log.request(7, 9))).status).toBe(200)
  })

  it('refuses where what it must not forget is damaged or gone', async () => {
    witness = await testWitness([log.key])
    await witness.add(log.request(0, 7))
    await witness.stop()
    const opened = (): string => codeOf(() => void Witness.open(witness.root).close())
    const good = readFileSync(statePath(witness))
    for (const bad of ['', 'x', log.checkpoint(7), good.toString().replace('\n7\n', '\n6\n')]) {
      writeFileSync(statePath(witness), bad)
      expect(opened()).toBe('witness-state-damaged')
    }
    writeFileSync(statePath(witness), good)
    // Half of a file that a crash left: it was never answered.
    writeFileSync(`${statePath(witness)}.part`, 'torn')
    await witness.start()
    await witness.stop()
    rmSync(witness.folder.state, { recursive: true })
    expect(opened()).toBe('witness-state-damaged')
    mkdirSync(witness.folder.state)
  })

  it('F-M2: cosigns no second history of a log whose state file it lost, and goes on with the others', async () => {
    const other = new WitnessedLog('log.example/other')
    witness = await testWitness([log.key, other.key])
    await witness.add(log.request(0, 7))
    await witness.add(other.request(0, 3))
    await witness.stop()
    const good = readFileSync(statePath(witness))
    rmSync(statePath(witness))
    // Asked to cosign it, the witness does not start.
    expect(codeOf(() => void Witness.open(witness.root).close())).toBe('witness-state-lost')
    // Taken out of the list, the others go on; put in again, also while it runs, it is refused.
    const { logs } = witness.folder
    removeLog(logs, log.origin)
    await witness.start()
    expect((await witness.add(other.request(3, 5))).status).toBe(200)
    addLogs(logs, [{ key: log.key }])
    let answer = await witness.add(log.forked(0).request(0, 7))
    while (answer.status === 404) {
      await sleep(50)
      answer = await witness.add(log.forked(0).request(0, 7))
    }
    expect([answer.status, problemIn(answer).code]).toEqual([500, 'witness-state-lost'])
    await witness.stop()
    const add = await evidence(['witness', 'add-log', log.key.text, '--data', witness.root, '--json'])
    expect(add.json<CliError>().error).toMatchObject({ code: 'witness-state-lost', where: statePath(witness) })
    // The file put back, it knows what it knew.
    writeFileSync(statePath(witness), good)
    await witness.start()
    expect((await witness.add(log.request(0, 9))).text).toBe('7\n')
  })

  it('F-M2: knows of a state file that a crash left before it was listed, and misses its list', async () => {
    witness = await testWitness([log.key])
    await witness.add(log.request(0, 7))
    await witness.stop()
    writeFileSync(witness.folder.origins, '')
    await witness.start()
    await witness.stop()
    expect(readFileSync(witness.folder.origins, 'utf8')).toBe(`${log.origin}\n`)
    rmSync(statePath(witness))
    expect(codeOf(() => void Witness.open(witness.root).close())).toBe('witness-state-lost')
    rmSync(witness.folder.origins)
    expect(codeOf(() => void Witness.open(witness.root).close())).toBe('witness-state-damaged')
    writeFileSync(witness.folder.origins, '')
  })

  it('has its folder alone, and keys that nobody else may read', async () => {
    witness = await testWitness([log.key])
    expect(codeOf(() => void Witness.open(witness.root).close())).toBe('ledger-in-use')
    for (const key of [witness.folder.ed25519Key, witness.folder.mlDsaKey])
      expect(statSync(key).mode & 0o777).toBe(0o600)
  })

  it('takes up and drops logs while it runs, and keeps what it knows of a dropped one', async () => {
    witness = await testWitness([])
    const { logs } = witness.folder
    const settle = async (want: number, body: string): Promise<void> => {
      while ((await witness.add(body)).status !== want) await sleep(50)
    }
    expect((await witness.add(log.request(0, 7))).status).toBe(404)
    addLogs(logs, [{ key: log.key }])
    await settle(200, log.request(0, 7))
    expect(removeLog(logs, log.origin)).toHaveLength(1)
    await settle(404, log.request(7, 8))
    addLogs(logs, [{ key: log.key }])
    await settle(409, log.request(0, 8))
    expect(addLogs(logs, [{ key: log.key }])).toEqual([])
  })

  it('does not cosign with a time before the last', async () => {
    let now = Date.now()
    witness = await testWitness([log.key], () => now)
    await witness.add(log.request(0, 7))
    now -= 5000
    const answer = await witness.add(log.request(7, 8))
    expect([answer.status, problemIn(answer).code]).toEqual([503, 'clock-unsafe'])
    now += 6000
    expect((await witness.add(log.request(7, 8))).status).toBe(200)
  })
})

const program = fileURLToPath(new URL('../../cli/evidence.mjs', import.meta.url))

/** `evidence witness serve` as a process of its own. */
async function spawned(root: string): Promise<{ url: string; kill: () => Promise<void> }> {
  const child = spawn(process.execPath, [
    program,
    'witness',
    'serve',
    '--data',
    root,
    '--port',
    '0',
    '--log-level',
    'silent',
  ])
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  const url = await new Promise<string>((resolve, reject) => {
    let said = ''
    const hear = (chunk: Buffer): void => {
      said += chunk.toString()
      const match = /listening on (\S+)\n/.exec(said)
      if (match !== null) resolve(match[1] as string)
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.on('close', () => reject(new Error(`the witness ended: ${said}`)))
  })
  return {
    url,
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

describe('a witness that is killed', () => {
  it('never forgets what it answered, and never cosigns beside it', async () => {
    witness = await testWitness([log.key])
    await witness.stop()
    let acknowledged = 0
    for (let cycle = 0; cycle < 5; cycle++) {
      const { url, kill } = await spawned(witness.root)
      const add = (body: string) => request(url, '/add-checkpoint', { method: 'POST', body })
      // What it has: as much as it answered at least, or what the kill left unanswered.
      let size = Number((await add(encodeAddCheckpoint(999, [], log.checkpoint(999)))).text)
      expect(size).toBeGreaterThanOrEqual(acknowledged)
      // Another history than what was answered: never. Before anything was answered there is none, and the fork is the log.
      const fork = log.forked(Math.max(0, acknowledged - 1))
      const forged = encodeAddCheckpoint(size, fork.proof(size, size + 3), fork.checkpoint(size + 3))
      const status = acknowledged === 0 ? 422 : (await add(forged)).status
      expect(status).toBe(422)
      let left = Math.floor(Math.random() * 10)
      let killed: Promise<void> | undefined
      try {
        for (;;) {
          const answer = await add(log.request(size, size + 3))
          expect(answer.status).toBe(200)
          size += 3
          acknowledged = size
          // Within the next request, or the one after it.
          if (left-- === 0) killed = sleep(Math.random() * 20).then(kill)
        }
      } catch (error) {
        if (!(error instanceof Error && 'code' in error)) throw error
      }
      await killed
      const [file] = readdirSync(witness.folder.state).filter((name) => !name.endsWith('.part'))
      if (file === undefined) continue
      const note = parseNote(utf8(readFileSync(join(witness.folder.state, file), 'utf8')))
      const head = parseTreeHead(note.text)
      expect(head.size).toBeGreaterThanOrEqual(acknowledged)
      expect(head.root).toEqual(log.root(head.size))
    }
    expect(acknowledged).toBeGreaterThan(8)
  })
})
