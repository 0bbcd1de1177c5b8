import { join } from 'node:path'
import { type RunningWitness, serveWitness } from '../../server/witness/serve.ts'
import { type VerifiedSignature, type VerifierKey, verifyNote } from '../../src/core/note.ts'
import { parseSignatureLines } from '../../src/core/witness-request.ts'
import { createWitness } from '../../src/witness/create.ts'
import { type WitnessFolder, witnessFolder } from '../../src/witness/folder.ts'
import { addLogs } from '../../src/witness/log-list.ts'
import { temporaryFolder } from './folder.ts'
import { type Answer, request } from './server.ts'

export interface TestWitness {
  readonly root: string
  readonly folder: WitnessFolder
  readonly keys: readonly [VerifierKey, VerifierKey]
  readonly url: () => string
  readonly add: (body: string | Uint8Array, headers?: Record<string, string>) => Promise<Answer>
  readonly subtree: (body: string) => Promise<Answer>
  readonly get: (path: string) => Promise<Answer>
  readonly stop: () => Promise<void>
  readonly start: () => Promise<void>
  readonly remove: () => Promise<void>
}

/** A real witness served from a temporary folder; `now` gives its clock, in milliseconds. */
export async function testWitness(logs: readonly VerifierKey[], now?: () => number): Promise<TestWitness> {
  const { path, remove } = temporaryFolder()
  const root = join(path, 'witness')
  const keys = createWitness(root, 'witness.example/w')
  const folder = witnessFolder(root)
  addLogs(
    folder.logs,
    logs.map((key) => ({ key })),
  )
  let running: RunningWitness | undefined
  const start = async (): Promise<void> => {
    const clock = now === undefined ? {} : { now }
    running = await serveWitness({ dataDir: root, host: '127.0.0.1', port: 0, logLevel: 'silent', ...clock })
  }
  const stop = async (): Promise<void> => {
    await running?.close()
    running = undefined
  }
  const url = (): string => running?.url ?? ''
  const post = (at: string, body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Answer> =>
    request(url(), at, { method: 'POST', body, headers })
  await start()
  return {
    root,
    folder,
    keys,
    url,
    add: (body, headers) => post('/add-checkpoint', body, headers),
    subtree: (body) => post('/sign-subtree', body),
    get: (at) => request(url(), at),
    stop,
    start,
    remove: async () => {
      await stop()
      remove()
    },
  }
}

/** The cosignatures of an answer, each verified over the text. Throws where one does not verify. */
export function cosignaturesOf(answer: Answer, text: string, keys: readonly VerifierKey[]): VerifiedSignature[] {
  if (answer.status !== 200) throw new Error(`the witness answered ${answer.status}: ${answer.text}`)
  return verifyNote({ text, signatures: parseSignatureLines(answer.body) }, keys)
}
