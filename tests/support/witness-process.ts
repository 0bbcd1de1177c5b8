import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { VerifierKey } from '../../src/core/index.ts'
import { addLogs, createWitness, type WitnessFolder, witnessFolder } from '../../src/witness/index.ts'

const program = join(fileURLToPath(new URL('../../', import.meta.url)), 'cli', 'evidence.mjs')

const running = new Set<ChildProcess>()
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')))

/** `evidence witness serve` as a process of its own; it keeps its port from start to start. */
export class WitnessProcess {
  readonly root: string
  readonly folder: WitnessFolder
  /** Ed25519, ML-DSA-44. */
  readonly keys: readonly [VerifierKey, VerifierKey]
  url = ''
  private child: ChildProcess | undefined
  private ended: Promise<void> = Promise.resolve()

  constructor(root: string, name: string, logs: readonly VerifierKey[]) {
    this.root = root
    this.keys = createWitness(root, name)
    this.folder = witnessFolder(root)
    addLogs(
      this.folder.logs,
      logs.map((key) => ({ key })),
    )
  }

  async start(): Promise<void> {
    const port = this.url === '' ? '0' : new URL(this.url).port
    const args = ['witness', 'serve', '--data', this.root, '--port', port, '--log-level', 'warn']
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    running.add(child)
    this.child = child
    this.ended = new Promise((resolve) => child.on('close', () => resolve()))
    let said = ''
    this.url = await new Promise<string>((resolve, reject) => {
      const hear = (chunk: Buffer): void => {
        said += chunk.toString()
        const match = /listening on (\S+)\n/.exec(said)
        if (match !== null) resolve(match[1] as string)
      }
      child.stdout?.on('data', hear)
      child.stderr?.on('data', hear)
      child.on('close', () => reject(new Error(`the witness ended: ${said}`)))
    })
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const { child } = this
    if (child === undefined) return
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    await this.ended
    running.delete(child)
    this.child = undefined
  }
}
