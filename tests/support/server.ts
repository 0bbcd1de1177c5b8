import { type IncomingHttpHeaders, request as httpRequest } from 'node:http'
import { randomUUID } from 'node:crypto'
import { type RunningServer, serve } from '../../server/serve.ts'
import { serverSettings, type ServerSettings } from '../../server/settings.ts'
import type { DepositAnswer, LedgerAnswer, Problem } from '../../src/api/answers.ts'
import type { TrialOptions } from '../../cli/serve/trial.ts'
import { accessToken } from '../../src/client/access-token.ts'
import { fromBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { statusHash } from '../../src/core/entry.ts'
import { parseReceipt, type Receipt } from '../../src/core/receipt.ts'
import { encodeShown, shownHeader } from '../../src/core/shown.ts'
import type { ComposedStatement } from '../../src/statements/compose.ts'
import type { Clock } from '../../src/ledger/clock.ts'
import type { SigningKey } from '../../src/node/key-file.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import { policyOfFolder, type TestFolder, trialFolder } from './folder.ts'
import { signerNamed } from './signers.ts'
import { deposit, statement, type StatementOptions } from './statements.ts'

/** An answer as it came over the wire: nothing is decompressed, redirected or retried. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly text: string
  json<T = Record<string, unknown>>(): T
}

export interface RequestOptions {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string | Uint8Array
}

/** One HTTP request; the path is sent as it is written. */
export function request(url: string, path: string, options: RequestOptions = {}): Promise<Answer> {
  const { hostname, port } = new URL(url)
  const { method = 'GET', headers = {}, body } = options
  const bytes = typeof body === 'string' ? utf8(body) : body
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ hostname, port, path, method, headers }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () => {
        const whole = Buffer.concat(chunks)
        const text = whole.toString()
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: whole,
          text,
          json: <T>() => JSON.parse(text) as T,
        })
      })
    })
    sent.on('error', reject)
    if (bytes !== undefined) sent.setHeader('content-length', bytes.length)
    sent.end(bytes)
  })
}

/** Somebody who reads or signs. */
export interface Party {
  readonly id: string
  readonly key: SigningKey
}

export interface ServerOptions extends Partial<TrialOptions> {
  readonly settings?: Partial<ServerSettings>
  readonly clock?: Clock
}

/** A real server over a real trial ledger in a temporary folder: entry 0 is the genesis, entry 1 admits `depositor`. */
export interface TestServer {
  readonly url: string
  readonly origin: string
  readonly folder: TestFolder
  readonly running: RunningServer
  readonly administrator: Party
  readonly depositor: Party
  readonly request: (path: string, options?: RequestOptions) => Promise<Answer>
  /** GET, as somebody or as nobody. */
  readonly get: (path: string, reader?: Party, headers?: Record<string, string>) => Promise<Answer>
  /** POST of one statement. */
  readonly post: (body: string | Uint8Array, headers?: Record<string, string>) => Promise<Answer>
  /** POST of a batch; the answered lines. */
  readonly batch: (
    lines: readonly string[],
    headers?: Record<string, string>,
  ) => Promise<(DepositAnswer & Problem & { busy?: boolean })[]>
  readonly token: (reader: Party) => string
  /** Signs a statement of any kind by anybody. */
  readonly sign: (signer: Party, kind: string, members: object, options?: StatementOptions) => ComposedStatement
  /** Signs a deposit of one item by the depositor, or by somebody else. */
  readonly deposit: (content: string, options?: StatementOptions, signer?: Party) => ComposedStatement
  /** Signs by the administrator, sends, and expects a new entry. */
  readonly administer: (kind: string, members: object, options?: StatementOptions) => Promise<DepositAnswer>
  /** Admits somebody with a key of their own. */
  readonly admit: (id: string, roles: readonly string[], type?: string) => Promise<Party>
  readonly size: () => Promise<number>
  /** Deposits until the ledger has that many entries; what was deposited. Throws where a deposit is refused. */
  readonly fill: (size: number, options?: StatementOptions) => Promise<ComposedStatement[]>
  /** Stops; the folder stays for another start. */
  readonly stop: () => Promise<void>
  /** Starts again on the same folder. */
  readonly restart: (settings?: Partial<ServerSettings>, clock?: Clock) => Promise<TestServer>
  /** Stops and removes the folder. */
  readonly remove: () => Promise<void>
}

export async function testServer(options: ServerOptions = {}): Promise<TestServer> {
  const { settings, clock, ...trial } = options
  return serveFolder(await trialFolder(trial), settings, clock)
}

async function serveFolder(
  folder: TestFolder,
  settings: Partial<ServerSettings> = {},
  clock?: Clock,
): Promise<TestServer> {
  const running = await serve({
    dataDir: folder.root,
    settings: serverSettings.parse({ port: 0, logLevel: 'silent', ...settings }),
    version: 'test',
    ...(clock === undefined ? {} : { clock }),
  })
  const { url } = running
  const { origin } = folder
  const administrator = { id: 'administrator', key: folder.administrator }
  const depositor = { id: 'depositor', key: folder.depositor }
  const token = (reader: Party): string => accessToken(reader.id, reader.key, url, Date.now())
  const sign: TestServer['sign'] = (signer, kind, members, more) =>
    statement(signer.key, origin, kind, members, { iss: signer.id, ...more })
  const send: TestServer['request'] = (path, more) => request(url, path, more)
  const post: TestServer['post'] = (body, headers) =>
    send('/v1/statements', { method: 'POST', body, headers: { 'content-type': 'application/sd-jwt', ...headers } })
  const administer: TestServer['administer'] = async (kind, members, more) => {
    const answer = await post(sign(administrator, kind, members, more).presentation)
    if (answer.status !== 201) throw new Error(`${kind} was answered ${answer.status}: ${answer.text}`)
    return answer.json<DepositAnswer>()
  }
  const size = async (): Promise<number> => (await send('/v1/ledger')).json<LedgerAnswer>().size
  const batch: TestServer['batch'] = async (lines, headers) => {
    const answer = await post(lines.join('\n'), { 'content-type': 'application/x-ndjson', ...headers })
    // Refused as a whole, for the moment: of each line.
    if (answer.status === 429 || answer.status === 503) return lines.map(() => answer.json<DepositAnswer & Problem>())
    if (answer.status !== 200) throw new Error(`the batch was answered ${answer.status}: ${answer.text}`)
    return answer.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as DepositAnswer & Problem)
  }
  let stopped = false
  const stop = async (): Promise<void> => {
    if (!stopped) await running.close()
    stopped = true
  }
  return {
    url,
    origin,
    folder,
    running,
    administrator,
    depositor,
    request: send,
    get: (path, reader, headers = {}) =>
      send(path, {
        headers: reader === undefined ? headers : { authorization: `Bearer ${token(reader)}`, ...headers },
      }),
    post,
    batch,
    token,
    sign,
    deposit: (content, more, signer = depositor) => deposit(signer.key, origin, content, { iss: signer.id, ...more }),
    administer,
    admit: async (id, roles, type = 'organisation') => {
      const key = signerNamed(`${id} ${randomUUID()}`)
      await administer('participant.admit', { participant: { id, type, roles, keys: [key.jwk] } })
      return { id, key }
    },
    size,
    fill: async (wanted, more) => {
      const length = wanted - (await size())
      const made = Array.from({ length }, (_, i) =>
        deposit(depositor.key, origin, `filling ${i}`, { iss: depositor.id, ...more }),
      )
      const results = await batch(
        made.map(({ presentation }) => presentation),
        { prefer: 'return=minimal' },
      )
      const failed = results.find(({ status }) => Number(status) !== 201)
      if (failed !== undefined) throw new Error(`a deposit was refused: ${JSON.stringify(failed)}`)
      return made
    },
    stop,
    restart: async (more = settings, otherClock = clock) => {
      await stop()
      return serveFolder(folder, more, otherClock)
    },
    remove: async () => {
      await stop()
      folder.remove()
    },
  }
}

/** The problem document of an answer without the number of its request, after its outside was looked at. Throws where it is none. */
export function problemIn(answer: Answer): Problem {
  const type = answer.headers['content-type'] ?? 'nothing'
  if (!type.startsWith('application/problem+json')) {
    throw new Error(`the answer ${answer.status} is ${type}, not a problem document: ${answer.text.slice(0, 300)}`)
  }
  const { request: number, ...problem } = answer.json<Problem>()
  if (!/^[A-Za-z0-9_-]{12}$/.test(number ?? '')) throw new Error(`the problem document has no request: ${answer.text}`)
  if (problem.status !== answer.status) throw new Error(`the document says ${problem.status}, not ${answer.status}`)
  for (const member of ['type', 'title', 'detail', 'code', 'action'] as const) {
    if (typeof problem[member] !== 'string' || problem[member] === '')
      throw new Error(`the problem document has no ${member}: ${answer.text}`)
  }
  return problem
}

/** The header of a sender who has these receipts: for references to what the signer may not read. */
export function showing(...receipts: readonly (string | undefined)[]): Record<string, string> {
  const shown = receipts.map((receipt): [number, Uint8Array] => {
    const { entry, entryBytes } = parseReceipt(utf8(receipt ?? ''))
    return [entry.index, statusHash(entryBytes)]
  })
  return { [shownHeader]: encodeShown(new Map(shown)) ?? '' }
}

/** A receipt of an entry that this version knows. */
export type SoundReceipt = Receipt & { readonly entry: Extract<Receipt['entry'], { known: true }> }

/** Reads a receipt and holds it against the ledger's own policy. Throws where it does not hold. */
export function soundReceipt(server: { readonly folder: TestFolder }, receipt: string | undefined): SoundReceipt {
  const bytes = utf8(receipt ?? '')
  const { faults, unjudged } = checkReceipt(bytes, policyOfFolder(server.folder))
  const [first] = [...faults, ...unjudged]
  if (first !== undefined) throw new Error(`the receipt does not hold: ${first.code}: ${first.message}`)
  const read = parseReceipt(bytes)
  if (!read.entry.known) throw new Error(`the receipt holds an entry of version ${read.entry.version}`)
  return { ...read, entry: read.entry }
}

/** 32 bytes out of an answer. */
export function hashOf(text: string): Uint8Array {
  const bytes = fromBase64(text)
  if (bytes.length !== 32) throw new Error(`${text} is no hash`)
  return bytes
}
