import { spawn } from 'node:child_process'
import { EvidenceError } from '../core/errors.ts'

const timeoutMs = 30_000

/**
 * Runs the operator's program for an event, which it gets as JSON on its standard input. No shell: the arguments are an
 * array, and nothing of the event stands in them. Throws `file-unreadable` where it cannot be started or fails.
 */
export async function callHook(command: readonly string[], event: object): Promise<void> {
  const [program, ...args] = command
  if (program === undefined) throw new EvidenceError('usage', 'the hook names no program')
  await new Promise<void>((resolve, reject) => {
    const failed = (why: string, cause?: unknown): void =>
      reject(new EvidenceError('file-unreadable', `the hook ${program} ${why}`, { where: program }, { cause }))
    const child = spawn(program, args, {
      shell: false,
      stdio: ['pipe', 'ignore', 'inherit'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    })
    child.on('error', (cause) => failed('cannot be started', cause))
    child.on('close', (code, signal) => {
      if (code === 0) resolve()
      else failed(signal === null ? `ended with ${code}` : `was ended by ${signal}`)
    })
    // Where the machine has no process or descriptor left there is no pipe either; the error comes by its event.
    if (child.pid === undefined) return
    // A hook that does not read is its own affair.
    child.stdin.on('error', () => {})
    child.stdin.end(`${JSON.stringify(event)}\n`)
  })
}
