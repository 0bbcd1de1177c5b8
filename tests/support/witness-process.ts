import type { VerifierKey } from '../../src/core/note.ts'
import { createWitness } from '../../src/witness/create.ts'
import { type WitnessFolder, witnessFolder } from '../../src/witness/folder.ts'
import { addLogs } from '../../src/witness/log-list.ts'
import { environment } from './cli.ts'
import { beginInHost, type RunningCommand } from './command-hosts.ts'

/** `evidence witness serve` in another process; it keeps its port from start to start. */
export class WitnessProcess {
  readonly root: string
  readonly folder: WitnessFolder
  /** Ed25519, ML-DSA-44. */
  readonly keys: readonly [VerifierKey, VerifierKey]
  url = ''
  private running: RunningCommand | undefined

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
    let look = (): void => {}
    const running = await beginInHost(args, { cwd: undefined, env: environment({}), heard: () => look() })
    this.running = running
    this.url = await new Promise<string>((resolve, reject) => {
      look = () => {
        const match = /listening on (\S+)\n/.exec(running.stdout())
        if (match !== null) resolve(match[1] as string)
      }
      look()
      void running.ended.then(() => reject(new Error(`the witness ended: ${running.stdout()}${running.stderr()}`)))
    })
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const { running } = this
    if (running === undefined) return
    running.kill(signal)
    await running.ended
    this.running = undefined
  }
}
