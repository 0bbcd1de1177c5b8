import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { isAcceptablePublicKey, verifyEd25519 } from '../../core/ed25519.ts'
import { EvidenceError } from '../../core/errors.ts'
import { jwkOf, thumbprint } from '../../core/jwk.ts'
import { builtModule } from '../built-module.ts'
import type { LedgerSigningKey } from '../key-file.ts'
import type { HelperAnswer, HelperRequest } from './helper.ts'
import { readSecretFile } from '../private-file.ts'
import type { Pkcs11Uri } from './uri.ts'

const helperUrl = builtModule(new URL('./helper.ts', import.meta.url))

/** A token that has not answered by then will not: the writer stops, and nothing is signed twice. */
const timeoutMs = 30_000

export interface HardwareKey {
  readonly key: LedgerSigningKey
  readonly close: () => Promise<void>
}

interface Waiting {
  readonly resolve: (answer: HelperAnswer) => void
  readonly reject: (error: EvidenceError) => void
}

function failed(why: string): EvidenceError {
  return new EvidenceError('pkcs11-failed', `the key in hardware does not answer: ${why}`)
}

/**
 * Opens a key in a PKCS#11 token, in a process of its own; signatures come later, and this thread goes on. `generate` makes the
 * key first. Throws `pkcs11-uri`, `pkcs11-failed`, the codes of readSecretFile.
 */
export async function openHardwareKey(uri: Pkcs11Uri, pinFile?: string, generate = false): Promise<HardwareKey> {
  if (process.platform === 'win32') throw failed('PKCS#11 is not supported on Windows')
  const path = pinFile ?? uri.pinFile
  if (path === undefined) throw new EvidenceError('pkcs11-uri', 'there is no PIN: name its file by --passphrase-file')
  const pin = readSecretFile(path, 'PIN file')
  const helper = new Helper()
  try {
    const opened = await helper.ask({ open: uri, pin, generate })
    const publicKey = 'publicKey' in opened ? opened.publicKey : new Uint8Array()
    if (!isAcceptablePublicKey(publicKey)) throw failed('its public key is not a canonical point of prime order')
    const jwk = jwkOf(publicKey)
    const sign = async (message: Uint8Array): Promise<Uint8Array> => {
      const answer = await helper.sign(message)
      // What hardware answers is verified by its own key before anybody else sees it.
      if (!verifyEd25519(publicKey, message, answer)) throw failed('its signature does not verify')
      return answer
    }
    return { key: { jwk, thumbprint: thumbprint(jwk), publicKey, sign }, close: () => helper.close() }
  } catch (error) {
    await helper.close()
    throw error
  }
}

/** The process, its requests and its end. */
class Helper {
  private readonly child: ChildProcess
  private readonly waiting = new Map<number, Waiting>()
  private ended: EvidenceError | undefined
  private nextId = 1

  constructor() {
    this.child = fork(fileURLToPath(helperUrl), [], {
      serialization: 'advanced',
      // A signal of the terminal stops the ledger first, which signs until it has stopped.
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [],
    })
    this.child.on('message', (answer: HelperAnswer) => this.take(answer))
    this.child.on('error', () => this.end('its process could not be started'))
    this.child.on('exit', () => this.end('its process has ended'))
  }

  private take(answer: HelperAnswer): void {
    const id = 'id' in answer && answer.id !== undefined ? answer.id : 0
    const waiting = this.waiting.get(id)
    this.waiting.delete(id)
    if ('failure' in answer) waiting?.reject(failed(answer.failure))
    else waiting?.resolve(answer)
  }

  private end(why: string): void {
    this.ended ??= failed(why)
    for (const { reject } of this.waiting.values()) reject(this.ended)
    this.waiting.clear()
  }

  /** Sends a request; at most one that has no id is under way. */
  ask(request: HelperRequest): Promise<HelperAnswer> {
    // A process that could not be started has no channel, and its error comes later.
    if (!this.isStarted) this.end('its process could not be started')
    if (this.ended !== undefined) return Promise.reject(this.ended)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.end(`no answer in ${timeoutMs / 1000} seconds`), timeoutMs)
      const settled = { resolve: untimed(timer, resolve), reject: untimed(timer, reject) }
      this.waiting.set('id' in request ? request.id : 0, settled)
      this.child.send(request)
    })
  }

  async sign(message: Uint8Array): Promise<Uint8Array> {
    const answer = await this.ask({ sign: message, id: this.nextId++ })
    if (!('signature' in answer) || answer.signature.length !== 64) throw failed('its signature has not 64 bytes')
    return new Uint8Array(answer.signature)
  }

  /** False where the machine has no process or descriptor left: such a child never exits. */
  private get isStarted(): boolean {
    return this.child.pid !== undefined
  }

  async close(): Promise<void> {
    if (!this.isStarted || this.child.exitCode !== null || this.child.signalCode !== null) return
    const exited = new Promise((resolve) => this.child.once('exit', resolve))
    if (this.child.connected) this.child.disconnect()
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 2000)
    await exited
    clearTimeout(timer)
  }
}

function untimed<T>(timer: NodeJS.Timeout, settle: (value: T) => void): (value: T) => void {
  return (value) => {
    clearTimeout(timer)
    settle(value)
  }
}
