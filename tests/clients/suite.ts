import { spawn } from 'node:child_process'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readOwnKey } from '../../src/ledger/data-folder.ts'
import type { StatusAnswer } from '../../src/api/answers.ts'
import { toBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { leafHash } from '../../src/core/entry.ts'
import { thumbprint } from '../../src/core/jwk.ts'
import { encodeLogPolicy, parsePolicy } from '../../src/core/policy.ts'
import { encodeReceipt, parseReceipt } from '../../src/core/receipt.ts'
import { LogView } from '../../src/log/view.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import { cosignerNamed } from '../core/cosigners.ts'
import {
  depositor as chainDepositor,
  ledgerKey as chainKey,
  origin as chainOrigin,
  startMs,
  TestChain,
} from '../support/chain.ts'
import { statusInChain } from '../support/chain-status.ts'
import { evidence, fewAtATime, type Proxy, type ProxyRule, startProxy } from '../support/cli.ts'
import { withDisclosures } from '../support/disclosures.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Party, soundReceipt, type TestServer, testServer } from '../support/server.ts'
import { verdict } from '../support/python-verifier.ts'
import { signerNamed } from '../support/signers.ts'
import { deposit, itemFor } from '../support/statements.ts'
import { lacks } from '../support/system-tools.ts'
import { testWitness, type TestWitness } from '../support/witness.ts'
import { readVectors } from '../vectors/vector-files.ts'

/** A client, run by its arguments. */
export interface ClientProgram {
  readonly run: (args: readonly string[]) => Promise<Printed>
  /** Whether it opens a key file that has a passphrase. */
  readonly opensPassphrases: boolean
}

/** How a program ended, and what it wrote. */
export interface Printed {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

interface Failure {
  readonly code: string
  readonly message: string
  readonly action?: string
  readonly faults?: readonly string[]
  readonly retry_after?: number
}

/** What one command printed about one file. */
interface Row {
  readonly file: string
  readonly created: boolean
  readonly index: number
  readonly leaf_hash: string
  readonly item: number
  readonly claims: Readonly<Record<string, unknown>>
  readonly witnesses: readonly unknown[]
  readonly error?: Failure
}

interface Ran<T> {
  readonly code: number | null
  readonly said: T
}

/** Runs a program beside the server, which lives in this process. */
export async function runProgram(command: string, args: readonly string[]): Promise<Printed> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr] = await Promise.all([child.stdout.toArray(), child.stderr.toArray()])
  const code = await new Promise<number | null>((resolve) => {
    if (child.exitCode === null) child.on('close', resolve)
    else resolve(child.exitCode)
  })
  const [said, told] = [stdout, stderr].map((chunks) => Buffer.concat(chunks as Buffer[]).toString()) as [
    string,
    string,
  ]
  return { code, stdout: said, stderr: told }
}

/** Runs a client; what it prints is one JSON document. */
async function runClient<T>(client: ClientProgram, args: readonly string[]): Promise<Ran<T>> {
  const { code, stdout, stderr } = await client.run(args)
  if (stdout === '') throw new Error(`the client printed nothing: ${stderr}`)
  return { code, said: JSON.parse(stdout) as T }
}

/** One spelling of base64 with other bytes: a character in the middle is replaced. */
const otherCharacter = (character: string): string => (character === 'B' ? 'C' : 'B')

/** A receipt with the text that a pattern finds replaced. */
function altered(receipt: string, pattern: RegExp, by: (found: string) => string): string {
  const changed = receipt.replace(pattern, by)
  if (changed === receipt) throw new Error(`nothing was altered by ${pattern}`)
  return changed
}

/** A receipt whose `extra` has the text that a pattern finds replaced. */
function alteredExtra(receipt: string, pattern: RegExp, by: (found: string) => string): string {
  return altered(receipt, /^extra .*$/m, (line) => {
    const extra = Buffer.from(line.slice(6), 'base64').toString()
    return `extra ${Buffer.from(altered(extra, pattern, by)).toString('base64')}`
  })
}

/** Each kind of thing that may be done to a receipt, and the codes that tell of it. */
const mutations: readonly (readonly [string, readonly string[], (receipt: string) => string])[] = [
  ['its first line', ['receipt-malformed'], (text) => `x${text}`],
  ['its line ends', ['receipt-malformed'], (text) => text.replaceAll('\n', '\r\n')],
  ['its end', ['note-malformed'], (text) => text.slice(0, -1)],
  ['a byte added', ['note-malformed'], (text) => `${text}x`],
  ['its index', ['receipt-index'], (text) => altered(text, /^index \d+$/m, () => 'index 0')],
  [
    'a hash left out',
    ['inclusion-invalid'],
    (text) => altered(text, /^(index \d+\n).+\n/m, (both) => `${both.split('\n')[0]}\n`),
  ],
  ['a hash', ['inclusion-invalid'], (text) => altered(text, /(?<=^index \d+\n.{5})./m, otherCharacter)],
  [
    'unused bits of base64',
    ['receipt-malformed'],
    (text) => altered(text, /(?<=^index \d+\n.{42}).=/m, (end) => `${String.fromCharCode(end.charCodeAt(0) + 1)}=`),
  ],
  [
    'the root',
    ['inclusion-invalid', 'signature-invalid'],
    (text) => altered(text, /(?<=\n\n.+\n\d+\n.{5})./, otherCharacter),
  ],
  [
    'the size',
    ['inclusion-invalid', 'signature-invalid'],
    (text) => altered(text, /(?<=\n\n.+\n)\d+/, (size) => `${Number(size) + 1}`),
  ],
  ['the ledger’s signature', ['signature-invalid'], (text) => altered(text, /(?<=\n— \S+ .{20})./, otherCharacter)],
  [
    'no signature of the ledger',
    ['checkpoint-untrusted'],
    (text) => altered(text, /(?<=\n— )\S+/, (name) => `${name}x`),
  ],
  [
    'the time of the entry',
    ['inclusion-invalid'],
    (text) => alteredExtra(text, /(?<=T\d\d:\d\d:\d\d\.\d\d)\d/, (digit) => `${(Number(digit) + 1) % 10}`),
  ],
  [
    'the statement’s signature',
    ['inclusion-invalid', 'signature-invalid'],
    (text) => alteredExtra(text, /(?<=\.[^.\n]+\.[^.\n]{20})./, otherCharacter),
  ],
  [
    'the signer’s key',
    ['key-not-issuers'],
    (text) => alteredExtra(text, /(?<="x":")[^"]+/, () => signerNamed('another').jwk.x),
  ],
  [
    'a disclosure',
    ['disclosure-foreign'],
    (text) =>
      alteredExtra(
        text,
        /[^\n]+\n$/,
        () => `${Buffer.from(JSON.stringify(['A'.repeat(22), 'note', 'forged'])).toString('base64url')}\n`,
      ),
  ],
  ['a disclosure twice', ['disclosure-repeated'], (text) => alteredExtra(text, /[^\n]+\n$/, (line) => line + line)],
]

/** Where an entry stands, out of its receipt. */
function receiptAnswer(text: string): { index: number; leafHash: string } {
  const { entry, entryBytes } = parseReceipt(utf8(text))
  return { index: entry.index, leafHash: toBase64(leafHash(entryBytes)) }
}

/** The signed statement of the entry in a receipt file. */
function statementOf(file: string): string | undefined {
  const { entry } = parseReceipt(readFileSync(file))
  return entry.known ? entry.statement : undefined
}

/** Members of a retraction of some entry, and a disclosure that no statement has sealed. */
const about = { of: { index: 1, leafHash: toBase64(new Uint8Array(32)) }, reason: 'mistake' }
const foreign = `${Buffer.from(JSON.stringify(['A'.repeat(22), 'note', 'important'])).toString('base64url')}~`

function eachEvent(answer: StatusAnswer, change: (event: StatusAnswer['events'][number]) => object): object {
  return { ...answer, events: answer.events.map(change) }
}

/** An answer in which the events of one name have more members. */
function eachTold(answer: StatusAnswer, what: string, more: object): object {
  if (!answer.events.some((event) => event.what === what)) throw new Error(`there is no event ${what}`)
  return eachEvent(answer, (event) => (event.what === what ? { ...event, ...more } : event))
}

/** Writes as long as somebody reads. */
function flood(answer: ServerResponse): void {
  answer.writeHead(201)
  const more = (): void => {
    while (answer.write('x'.repeat(65_536)));
  }
  answer.on('drain', more)
  more()
}

/** Writes a byte now and again, until nobody reads. */
function trickle(answer: ServerResponse): void {
  answer.writeHead(201)
  const timer = setInterval(() => answer.write(' '), 100)
  answer.on('close', () => clearInterval(timer))
}

/** What every client has to do, against a real server. */
export function clientSuite(client: () => ClientProgram): void {
  const { path, remove } = temporaryFolder()
  const at = (name: string): string => join(path, name)
  const [key, policy, first] = [at('depositor.pem'), at('court.policy'), at('first.txt')]
  const proxies: { readonly close: () => unknown }[] = []
  let server: TestServer
  let receipt = ''

  const run = <T = Row>(...args: readonly string[]): Promise<Ran<T>> => runClient<T>(client(), args)
  const file = (name: string, content = `the content of ${name}`): string => {
    writeFileSync(at(name), content)
    return at(name)
  }
  const depositTo = (url: string, ...files: readonly string[]): Promise<Ran<Row[]>> => {
    const known = ['--url', url, '--key', key, '--id', 'depositor', '--policy', policy]
    return run<Row[]>('deposit', ...known, '--case', '(2026)沪0104刑初123号', ...files)
  }
  /** A deposit that a server refuses for good: what waits beside the file is left. */
  const depositOnce = (url: string, ...files: readonly string[]): Promise<Ran<Row[]>> =>
    depositTo(url, '--tries', '1', ...files)
  const verify = async (target: string, ...more: readonly string[]): Promise<readonly [number | null, string?]> => {
    const { code, said } = await run('verify', '--policy', policy, ...more, target)
    return said.error === undefined ? [code] : [code, said.error.code]
  }
  const proxy = async (rule: ProxyRule): Promise<Proxy> => {
    const started = await startProxy(server.url, rule)
    proxies.push(started)
    return started
  }

  beforeAll(async () => {
    server = await testServer({ settings: { cosignWaitSeconds: 1 } })
    const { folder } = server.folder
    writeFileSync(key, readFileSync(folder.depositorKey), { mode: 0o600 })
    writeFileSync(policy, readFileSync(folder.policy))
    file('first.txt')
    const { code, said } = await depositTo(server.url, first)
    expect({ code, said }).toMatchObject({ code: 0, said: [{ created: true, index: 2, withheld: 0 }] })
    receipt = readFileSync(`${first}.tlog-proof`, 'utf8')
  })
  afterAll(async () => {
    for (const one of proxies) await one.close()
    await server.remove()
    remove()
  })

  it('makes a key file that our own command line reads, and never writes over one', async () => {
    const out = at('new.pem')
    const { code, said } = await run<{ thumbprint: string; jwk: { x: string } }>('keygen', '--out', out)
    expect(code).toBe(0)
    const { x } = createPublicKey(readFileSync(out)).export({ format: 'jwk' })
    expect(said.jwk.x).toBe(x)
    expect(said.thumbprint).toBe(thumbprint({ crv: 'Ed25519', kty: 'OKP', x: x as string }))
    expect(await run('keygen', '--out', out)).toMatchObject({ code: 2, said: { error: { code: 'file-exists' } } })
  })

  it('deposits: our verifier and its own accept the receipt, and the statement that waited is gone', async () => {
    const checked = await evidence(['check', first, '--policy', policy, '--json'])
    expect({ code: checked.code, ...checked.json() }).toMatchObject({ code: 0, index: 2, iss: 'depositor' })
    const { code, said } = await run('verify', '--policy', policy, first)
    const claims = { names: ['first.txt'], case: [{ number: '(2026)沪0104刑初123号' }] }
    expect({ code, said }).toMatchObject({ code: 0, said: { index: 2, item: 0, claims } })
    expect(existsSync(`${first}.evidence-statement`)).toBe(false)
    expect(await depositTo(server.url, first)).toMatchObject({ code: 0, said: [{ created: false, index: 2 }] })
  })

  it.skipIf(lacks('python3', 'python3-cryptography'))('deposits: the Python verifier accepts the receipt', () => {
    expect(verdict(['check', first, '--receipt', `${first}.tlog-proof`, '--policy', policy])).toEqual([0])
  })

  it('refuses an altered file', async () => {
    writeFileSync(first, 'the content of first.tx!')
    expect(await verify(first)).toEqual([1, 'file-differs'])
    file('first.txt')
    expect(await verify(first)).toEqual([0])
  })

  it.each(mutations)('refuses a receipt in which this was altered: %s', async (_what, codes, mutate) => {
    const mutated = at('mutated.tlog-proof')
    writeFileSync(mutated, mutate(receipt))
    const { code, said } = await run('verify', '--policy', policy, '--receipt', mutated, first)
    expect({ code, faults: [...new Set(said.error?.faults)].sort() }).toEqual({ code: 1, faults: codes })
  })

  it('refuses a receipt under another policy, and without a witness that it asks for', async () => {
    const [other, needed] = [at('other.policy'), at('needed.policy')]
    const text = readFileSync(policy, 'utf8')
    const witness = `witness away ${cosignerNamed('away').key.text}\nquorum away\n`
    writeFileSync(needed, text.replace(/^quorum .*\n/m, witness))
    const vector = readVectors().find(({ name }) => name === 'receipt/disclosed')?.vector
    writeFileSync(other, vector?.input.bytes('policy') as Uint8Array)
    expect(await verify(first, '--policy', needed)).toEqual([1, 'policy-unmet'])
    expect(await verify(first, '--policy', other)).toEqual([1, 'receipt-other-ledger'])
  })

  it('gives the receipts of the vectors the verdict of our own verifier', async () => {
    const all = readVectors().filter(({ vector }) => vector.format === 'receipt')
    const exitOf = (faults: readonly unknown[], unjudged: readonly unknown[]): number =>
      faults.length > 0 ? 1 : unjudged.length > 0 ? 4 : 0
    const found = await fewAtATime(all, async ({ name, vector }, i) => {
      const [tested, trusted] = [at(`vector-${i}.tlog-proof`), at(`vector-${i}.policy`)]
      writeFileSync(tested, vector.input.bytes('receipt'))
      writeFileSync(trusted, vector.input.bytes('policy'))
      const { code, said } = await run('verify', '--policy', trusted, '--receipt', tested)
      return [name, code, new Set(said.error?.faults ?? [])] as const
    })
    const expected = all.map(({ name, vector }) => {
      // The client takes no key transitions: a receipt that needs one is not under this policy.
      const trusted = parsePolicy(vector.input.bytes('policy'))
      const { faults, unjudged } = checkReceipt(vector.input.bytes('receipt'), trusted)
      // An admission is sound; the client leaves it to the full verifier.
      if (name === 'receipt/role-unknown') return [name, 4, new Set(['not-judged'])] as const
      return [name, exitOf(faults, unjudged), new Set([...faults, ...unjudged].map(({ code }) => code))] as const
    })
    expect(found).toEqual(expected)
    // All that is accepted, and refused, on a receipt and a policy alone.
    const alone = all.filter(({ vector: { input } }) => !input.has('transition') && !input.has('rotations'))
    const stated = alone.map(({ name, vector }) => [name, name !== 'receipt/role-unknown' && vector.expect.valid])
    const accepted = new Map(found.map(([name, code]) => [name, code === 0]))
    expect(alone.map(({ name }) => [name, accepted.get(name)])).toEqual(stated)
  })

  it.each([
    ['a 503', 'retried-503', 503],
    ['a connection that was cut before the server had it', 'retried-cut', 'break'],
    ['a connection that was cut after the server had sequenced it', 'retried-after', 'break after'],
  ] as const)('sends the same bytes again after %s', async (_what, name, verdict) => {
    const between = await proxy((_line, count) => (count === 1 ? verdict : 'pass'))
    const before = await server.size()
    const { code, said } = await depositTo(between.url, file(name))
    expect({ code, created: said[0]?.created }).toEqual({ code: 0, created: verdict !== 'break after' })
    expect(between.seen).toEqual(['POST /v1/statements', 'POST /v1/statements'])
    expect(await server.size()).toBe(before + 1)
    expect((await evidence(['check', at(name), '--policy', policy])).code).toBe(0)
  })

  it('gives up at once where the server asks for a longer pause than it may make, and says when to come back', async () => {
    let seen = 0
    const busy = createServer((request, answer) => {
      seen += 1
      const problem = { code: 'quota-exceeded', detail: 'enough for today', action: 'Come back later.' }
      request.resume().once('end', () => {
        answer.writeHead(429, { 'retry-after': '9000', 'content-type': 'application/problem+json' })
        answer.end(JSON.stringify(problem))
      })
    })
    await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve))
    proxies.push(busy)
    const { code, said } = await depositTo(`http://127.0.0.1:${(busy.address() as AddressInfo).port}`, file('quota'))
    expect({ code, seen, said }).toMatchObject({
      code: 3,
      seen: 1,
      said: [{ error: { code: 'quota-exceeded', action: 'Come back later.', retry_after: 9000 } }],
    })
    // The statement waits beside the file, and is what the next run sends.
    const waiting = readFileSync(`${at('quota')}.evidence-statement`, 'utf8')
    expect((await depositTo(server.url, at('quota'))).code).toBe(0)
    expect(statementOf(`${at('quota')}.tlog-proof`)).toBe(waiting.split('~')[0])
  })

  it('does not follow a redirect, and does not believe an answer that is none', async () => {
    const other = await proxy(() => 302)
    const odd = await proxy(() => 200)
    for (const { url, seen } of [other, odd]) {
      const { code, said } = await depositTo(url, file('redirected'))
      expect({ code, error: said[0]?.error?.code }).toEqual({ code: 3, error: 'server-answer' })
      expect(seen).toHaveLength(1)
    }
  })

  it('refuses an answer whose receipt is for another statement', async () => {
    const forging = await startProxy(
      server.url,
      () => 'pass',
      (_line, body) => JSON.stringify({ ...(JSON.parse(body) as object), receipt }),
    )
    proxies.push(forging)
    const { code, said } = await depositTo(forging.url, file('forged'))
    const { error } = said[0] as Row
    expect([code, error?.code, error?.faults]).toEqual([3, 'server-answer', undefined])
    expect(existsSync(`${at('forged')}.tlog-proof`)).toBe(false)
    expect(existsSync(`${at('forged')}.evidence-statement`)).toBe(true)
  })

  it.each(mutations)(
    'R7 F5: a receipt in an answer is no evidence yet, in which this was altered: %s',
    async (...given) => {
      const [what, , mutate] = given
      const change = (_line: string, body: string): string => {
        const answer = JSON.parse(body) as { receipt: string }
        return JSON.stringify({ ...answer, receipt: mutate(answer.receipt) })
      }
      const forging = await startProxy(server.url, () => 'pass', change)
      proxies.push(forging)
      const { code, said } = await depositTo(forging.url, file(`answered ${what}`))
      const { error } = said[0] as Row
      expect([code, error?.code, error?.faults]).toEqual([3, 'server-answer', undefined])
    },
  )

  it.each([
    ['one file', ['withheld']],
    ['a batch', ['withheld-1', 'withheld-2']],
  ])(
    'BR-M1: does not believe a receipt that withholds what was sealed, and keeps the statement: %s',
    async (_what, names) => {
      const stripped = await startProxy(
        server.url,
        () => 'pass',
        (_line, body) => {
          const answers = body
            .trimEnd()
            .split('\n')
            .map((line) => JSON.parse(line) as { receipt: string })
          const strip = (one: { receipt: string }): object => ({
            ...one,
            receipt: withDisclosures(one.receipt, () => []),
          })
          return answers.map((one) => JSON.stringify(strip(one))).join('\n') + (body.endsWith('\n') ? '\n' : '')
        },
      )
      proxies.push(stripped)
      const files = names.map((name) => file(name))
      const { code, said } = await depositTo(stripped.url, ...files)
      expect({ code, found: said.map(({ error }) => error?.code) }).toEqual({
        code: 3,
        found: files.map(() => 'server-answer'),
      })
      for (const one of files)
        expect([existsSync(`${one}.tlog-proof`), existsSync(`${one}.evidence-statement`)]).toEqual([false, true])
      expect(await depositTo(server.url, ...files)).toMatchObject({
        code: 0,
        said: files.map(() => ({ created: false })),
      })
      for (const one of files) expect(existsSync(`${one}.evidence-statement`)).toBe(false)
    },
  )

  it('BR-M1: keeps a statement that discloses more than the receipt that is there', async () => {
    const path = file('poorer.txt')
    expect((await depositOnce(server.url, path)).code).toBe(0)
    const proof = `${path}.tlog-proof`
    const whole = readFileSync(proof, 'utf8')
    const { entry, disclosures } = parseReceipt(utf8(whole))
    const presentation = [entry.known ? entry.statement : '', ...disclosures.map(({ text }) => text), ''].join('~')
    // The file names alone may be withheld from a receipt that counts as that of the deposit.
    writeFileSync(
      proof,
      withDisclosures(whole, (texts) => texts.slice(1)),
    )
    writeFileSync(`${path}.evidence-statement`, presentation)
    expect(await depositTo(server.url, path)).toMatchObject({ code: 0, said: [{ created: false }] })
    expect(existsSync(`${path}.evidence-statement`)).toBe(true)
    writeFileSync(proof, whole)
    expect(await depositTo(server.url, path)).toMatchObject({ code: 0, said: [{ created: false }] })
    expect(existsSync(`${path}.evidence-statement`)).toBe(false)
  })

  it('R7 F5: a deposit whose witnesses did not cosign could not be done, and is no faulty evidence', async () => {
    const needed = at('uncosigned.policy')
    const witness = `witness away ${cosignerNamed('away').key.text}\nquorum away\n`
    writeFileSync(needed, readFileSync(policy, 'utf8').replace(/^quorum .*\n/m, witness))
    const { code, said } = await depositTo(server.url, '--tries', '1', '--policy', needed, file('uncosigned'))
    const { error } = said[0] as Row
    expect([code, error?.code, error?.faults]).toEqual([3, 'policy-unmet', undefined])
  })

  it.each<readonly [string, (lines: { line: number; receipt: string }[]) => object[]]>([
    ['in reversed order', (lines) => lines.toReversed()],
    ['numbered in reversed order', (lines) => lines.map((one, i) => ({ ...one, line: lines.length - i }))],
    ['without their numbers', (lines) => lines.map(({ line: _line, ...one }) => one)],
    ['numbered by something else', (lines) => lines.map((one) => ({ ...one, line: `${one.line}` }))],
    ['with exchanged receipts', (lines) => lines.map((one, i) => ({ ...one, receipt: lines[1 - i]?.receipt }))],
    ['as refusals of other lines', (lines) => lines.map(() => ({ line: 9, status: 422, code: 'key-unknown' }))],
  ])('R7 F5: results of a batch are not believed %s', async (what, change) => {
    const lying = await startProxy(
      server.url,
      () => 'pass',
      (_line, body) => {
        const lines = body.trimEnd().split('\n')
        const changed = change(lines.map((line) => JSON.parse(line) as { line: number; receipt: string }))
        return changed.map((one) => `${JSON.stringify(one)}\n`).join('')
      },
    )
    proxies.push(lying)
    const files = ['a', 'b'].map((name) => file(`batch ${what} ${name}`))
    const { code, said } = await depositTo(lying.url, ...files)
    const found = said.map(({ error }) => [error?.code, error?.faults])
    expect({ code, found }).toEqual({ code: 3, found: files.map(() => ['server-answer', undefined]) })
    for (const one of files) expect(existsSync(`${one}.tlog-proof`)).toBe(false)
    const honest = await depositTo(server.url, ...files)
    expect([honest.code, ...honest.said.map(({ created }) => created)]).toEqual([0, false, false])
  })

  it('deposits a batch, in which one refused line does no harm to the others', async () => {
    const [one, refused, three] = [file('batch-1'), file('batch-2'), file('batch-3')]
    const sealed = { names: ['batch-2'], case: [{ number: '(2026)沪0104刑初123号' }] }
    const tomorrow = { sealed, iat: Math.floor(Date.now() / 1000) + 86_400 }
    const items = { items: [itemFor('the content of batch-2')] }
    const waiting = server.sign(server.depositor, 'evidence.deposit', items, tomorrow).presentation
    writeFileSync(`${refused}.evidence-statement`, waiting, { mode: 0o600 })
    const between = await proxy(() => 'pass')
    const { code, said } = await depositTo(between.url, one, refused, three)
    expect(code).toBe(3)
    expect(said.map(({ created, error }) => created ?? error?.code)).toEqual([true, 'issued-in-future', true])
    expect(said[1]?.error?.action).toMatch(/\w/)
    expect(between.seen).toEqual(['POST /v1/statements'])
    for (const deposited of [one, three])
      expect((await evidence(['check', deposited, '--policy', policy])).code).toBe(0)
    expect(existsSync(`${refused}.tlog-proof`)).toBe(false)
    expect(readFileSync(`${refused}.evidence-statement`, 'utf8')).toBe(waiting)
  })

  it('sends again what waits beside a file: the same jti gives the same entry', async () => {
    const repeated = file('repeated')
    const cut = await proxy(() => 500)
    expect((await depositOnce(cut.url, repeated)).code).toBe(3)
    const waiting = readFileSync(`${repeated}.evidence-statement`)
    const firstRun = await depositTo(server.url, repeated)
    const [kept, before] = [readFileSync(`${repeated}.tlog-proof`, 'utf8'), await server.size()]
    rmSync(`${repeated}.tlog-proof`)
    writeFileSync(`${repeated}.evidence-statement`, waiting, { mode: 0o600 })
    const again = await depositTo(server.url, repeated)
    expect([firstRun.said[0]?.created, again.said[0]?.created]).toEqual([true, false])
    expect(again.said[0]?.leaf_hash).toBe(firstRun.said[0]?.leaf_hash)
    const entryOf = (text: string): string => /^extra .*$/m.exec(text)?.[0] ?? ''
    expect(entryOf(readFileSync(`${repeated}.tlog-proof`, 'utf8'))).toBe(entryOf(kept))
    expect(await server.size()).toBe(before)
  })

  it('never makes a second statement for a file whose content changed since the first', async () => {
    const changed = file('changed')
    const cut = await proxy(() => 500)
    await depositOnce(cut.url, changed)
    writeFileSync(changed, 'other content')
    expect(await depositTo(server.url, changed)).toMatchObject({
      code: 2,
      said: { error: { code: 'deposit-differs' } },
    })
  })

  describe('R7 F1: a statement that waits beside a file', () => {
    const content = 'a photograph'
    const items = [itemFor(content)]
    const sealed = { names: ['photo.txt'], case: [{ number: 'C-9' }], note: 'important' }
    const photo = at('photo.txt')
    const waiting = `${photo}.evidence-statement`
    const stranger = { id: 'stranger', key: signerNamed('a stranger') }
    /** A deposit as the command makes it, but for what is given. */
    const signed = (options: object = {}, members: object = {}, signer?: Party): string =>
      server.sign(signer ?? server.depositor, 'evidence.deposit', { items, ...members }, { sealed, ...options })
        .presentation
    const send = (url: string, ...more: readonly string[]): Promise<Ran<Row & Row[]>> => {
      const known = ['--url', url, '--key', key, '--id', 'depositor', '--policy', policy, '--tries', '1']
      return run('deposit', ...known, '--case', 'C-9', '--note', 'important', ...more, photo)
    }

    beforeEach(() => {
      file('photo.txt', content)
      rmSync(`${photo}.tlog-proof`, { force: true })
    })

    it.each<readonly [string, RegExp, () => string]>([
      ['of another signer', /key-not-issuers/, () => signed({}, {}, stranger)],
      ['of another key in our name', /key-not-issuers/, () => signed({}, {}, { ...stranger, id: 'depositor' })],
      ['of our key in another name', /\biss\b/, () => signed({ iss: 'stranger' })],
      ['for another ledger', /\baud\b/, () => signed({ aud: 'other.example/ledger' })],
      ['of another kind', /\bkind\b/, () => server.sign(server.depositor, 'evidence.retract', about).presentation],
      ['of other bytes', /\bitems\b/, () => signed({}, { items: [itemFor('another photograph')] })],
      ['with a category', /\bitems\b/, () => signed({}, { items: [{ ...items[0], category: 'photo' }] })],
      ['with a relation', /\brelates\b/, () => signed({}, { relates: [{ rel: 'later-version', ...about.of }] })],
      ['of another case', /\bcase\b/, () => signed({ sealed: { ...sealed, case: [{ number: 'C-8' }] } })],
      ['with another note', /\bnote\b/, () => signed({ sealed: { ...sealed, note: 'unimportant' } })],
      ['without the note', /\bnote\b/, () => signed({ sealed: { names: sealed.names, case: sealed.case } })],
      ['of another name', /\bnames\b/, () => signed({ sealed: { ...sealed, names: ['picture.txt'] } })],
      ['with one claim more', /\bcollection\b/, () => signed({ sealed: { ...sealed, collection: 'all' } })],
      ['without any claim', /sealed case, sealed names, sealed note/, () => signed({ sealed: {} })],
      [
        'with another signature',
        /signature-invalid/,
        () => signed().replace(/(?<=\.[^.~]+\.[^.~]{20})./, otherCharacter),
      ],
      ['with a disclosure left out', /disclosure-missing/, () => signed().replace(/~[^~]+(?=~$)/, '')],
      ['with a disclosure twice', /disclosure-repeated/, () => signed().replace(/~[^~]+(?=~$)/, '$&$&')],
      ['with a disclosure that was not sealed', /disclosure-foreign/, () => signed().replace(/[^~]+~$/, '') + foreign],
      ['with something after its disclosures', /disclosure-malformed/, () => `${signed()}x`],
      ['cut off', /-malformed/, () => signed().slice(0, 100)],
      ['that is not UTF-8', /-malformed/, () => '\xff'],
    ])('is not sent, and stays: one %s', async (_what, why, made) => {
      const planted = Buffer.from(made(), 'latin1')
      writeFileSync(waiting, planted, { mode: 0o600 })
      const between = await proxy(() => 'pass')
      const { code, said } = await send(between.url)
      expect({ code, error: said.error?.code, seen: between.seen }).toEqual({
        code: 2,
        error: 'deposit-differs',
        seen: [],
      })
      expect(said.error?.message).toMatch(why)
      expect(said.error?.message).toContain('photo.txt.evidence-statement')
      expect(said.error?.message).toContain('move it away')
      expect(readFileSync(waiting)).toEqual(planted)
      rmSync(waiting)
    })

    it('is sent by the same command again, byte for byte, whoever wrote it down', async () => {
      const cut = await proxy(() => 500)
      expect((await send(cut.url)).code).toBe(3)
      const kept = readFileSync(waiting, 'utf8').trimEnd()
      for (const presentation of [kept, signed()]) {
        writeFileSync(waiting, presentation, { mode: 0o600 })
        expect(await send(server.url)).toMatchObject({
          code: 0,
          said: [{ created: true, claims: sealed, withheld: 0 }],
        })
        expect(statementOf(`${photo}.tlog-proof`)).toBe(presentation.split('~')[0])
        expect(existsSync(waiting)).toBe(false)
        rmSync(`${photo}.tlog-proof`)
      }
    })

    it.each([
      ['retract', '--reason', 'reason', 'mistake', 'ordered'],
      ['attest', '--as', 'as', 'witness', 'notary'],
    ] as const)(
      'is sent by %s only where it says the same, by the same key',
      async (name, option, member, word, other) => {
        const target = `${file(`${name}.txt`)}.tlog-proof`
        expect((await depositTo(server.url, at(`${name}.txt`))).code).toBe(0)
        const { index, leafHash } = receiptAnswer(readFileSync(target, 'utf8'))
        const of = { index, leafHash }
        const make = (members: object, signer: Party = server.depositor, options = {}): string =>
          server.sign(signer, `evidence.${name}`, { of, [member]: word, ...members }, options).presentation
        const own = make({})
        const between = await proxy(() => 'pass')
        const known = ['--url', between.url, '--key', key, '--id', 'depositor', '--policy', policy]
        for (const planted of [
          make({}, stranger),
          make({}, server.depositor, { aud: 'other.example/ledger' }),
          make({ [member]: other }),
          make({ of: { ...of, item: 0 } }),
          make({ of: about.of }),
          own.replace(/(?<=\.[^.]+\.[^.]{20})./, otherCharacter),
        ]) {
          writeFileSync(`${target}.${name}.evidence-statement`, planted, { mode: 0o600 })
          const refused = await run(name, ...known, option, word, target)
          expect(refused).toMatchObject({ code: 2, said: { error: { code: 'deposit-differs' } } })
          expect(readFileSync(`${target}.${name}.evidence-statement`, 'utf8')).toBe(planted)
        }
        expect(between.seen).toEqual([])
        writeFileSync(`${target}.${name}.evidence-statement`, own, { mode: 0o600 })
        expect(await run(name, ...known, option, word, target)).toMatchObject({ code: 0, said: [{ created: true }] })
        expect(statementOf(`${target}.${name}.tlog-proof`)).toBe(own.split('~')[0])
      },
    )
  })

  describe('R8: a receipt that is there already', () => {
    const made = async (name: string, ...more: readonly string[]): Promise<string> => {
      expect((await depositTo(server.url, ...more, file(name))).code).toBe(0)
      return at(name)
    }
    /** What a deposit of files comes to, and what it asked a server for. */
    const again = async (...args: readonly string[]): Promise<Ran<Row[]> & { readonly seen: readonly string[] }> => {
      const between = await proxy(() => 'pass')
      return { ...(await depositTo(between.url, ...args)), seen: between.seen }
    }

    it('of the same statement counts as done, whatever its bytes; what waited of it is gone, and of another stays', async () => {
      const path = await made('done.txt')
      const [proof, waiting] = [`${path}.tlog-proof`, `${path}.evidence-statement`]
      const { entry } = parseReceipt(readFileSync(proof))
      const { index } = entry
      // Under a newer checkpoint, as after a crash between receipt and statement.
      await made('newer.txt')
      rmSync(proof)
      expect((await run('receipt', '--url', server.url, '--policy', policy, '--out', proof, String(index))).code).toBe(
        0,
      )
      const kept = readFileSync(proof)
      writeFileSync(waiting, `${entry.known ? entry.statement : ''}\n`)
      const done = { code: 0, said: [{ created: false, index }], seen: [] }
      // Without a token the receipt has no claims: that its file names are withheld is no difference, a withheld case is one.
      const differing = { code: 2, said: { error: { code: 'deposit-differs' } }, seen: [] }
      expect(await again(path)).toMatchObject(differing)
      const known = ['--url', server.url, '--key', key, '--id', 'depositor', '--policy', policy]
      expect(await run('deposit', ...known, path)).toMatchObject({ code: 0, said: [{ created: false, index }] })
      expect(existsSync(waiting)).toBe(false)
      expect(readFileSync(proof).equals(kept)).toBe(true)
      const given = ['--url', server.url, '--key', key, '--id', 'depositor', '--policy', policy, '--out', proof]
      rmSync(proof)
      expect((await run('receipt', ...given, String(index))).code).toBe(0)
      writeFileSync(waiting, server.deposit('another').presentation)
      const other = file('not-yet.txt')
      const both = await again(path, other)
      expect(both).toMatchObject({ code: 0, said: [{ created: false, index }, { created: true }] })
      expect(both.seen).toEqual(['POST /v1/statements'])
      expect(existsSync(waiting)).toBe(true)
      expect(await again(path)).toMatchObject(done)
      // Fetched again, it is there.
      expect((await run('receipt', ...given, String(index))).code).toBe(0)
      expect(await run('receipt', ...given, '0')).toMatchObject({ code: 4, said: { error: { code: 'not-judged' } } })
      expect(await run('receipt', ...given, '2')).toMatchObject({ code: 2, said: { error: { code: 'file-exists' } } })
    })

    it('of `evidence deposit` counts as done, and one of a client for `evidence deposit`', async () => {
      const theirs = file('theirs.txt')
      const to = ['--url', server.url, '--key', key, '--id', 'depositor', '--policy', policy]
      expect((await evidence(['deposit', theirs, '--case', '(2026)沪0104刑初123号', ...to])).code).toBe(0)
      expect(await again(theirs)).toMatchObject({ code: 0, said: [{ created: false }], seen: [] })
      const ours = await made('ours.txt')
      const found = await evidence(['deposit', ours, '--json', ...to])
      expect(found.json()).toMatchObject({ deposits: [{ outcome: 'existing' }] })
    })

    it('is refused where it says otherwise, is of something else, or does not verify: nothing is sent', async () => {
      const path = await made('once.txt')
      const proof = `${path}.tlog-proof`
      const kept = readFileSync(proof, 'utf8')
      const refused = (code: string): object => ({ code: 2, said: { error: { code } }, seen: [] })
      const fresh = file('beside.txt')
      expect(await again('--note', 'now with a note', fresh, path)).toMatchObject(refused('deposit-differs'))
      expect(await again('--id', 'another', path)).toMatchObject(refused('deposit-differs'))
      const known = ['--url', server.url, '--key', key, '--id', 'depositor', '--policy', policy]
      const retract = (reason: string): Promise<Ran<Row[]>> =>
        run<Row[]>('retract', ...known, '--reason', reason, proof)
      expect(await retract('mistake')).toMatchObject({ code: 0, said: [{ created: true }] })
      expect(await retract('mistake')).toMatchObject({ code: 0, said: [{ created: false }] })
      expect(await retract('ordered')).toMatchObject({ code: 2, said: { error: { code: 'deposit-differs' } } })
      for (const [what, change] of [
        ['the file', () => writeFileSync(path, 'the content of once.tx!')],
        ['the receipt', () => writeFileSync(proof, altered(kept, /(?<=^index \d+\n.{5})./m, otherCharacter))],
        ['no receipt at all', () => writeFileSync(proof, 'a note of mine\n')],
        ['the receipt of a retraction', () => writeFileSync(proof, readFileSync(`${proof}.retract.tlog-proof`))],
      ] as const) {
        change()
        const there = readFileSync(proof, 'utf8')
        expect([what, await again(path, fresh)]).toMatchObject([what, refused('file-exists')])
        expect(readFileSync(proof, 'utf8')).toBe(there)
        file('once.txt')
        writeFileSync(proof, kept)
      }
      expect(existsSync(`${fresh}.evidence-statement`)).toBe(false)
    })
  })

  describe('R8: what a ledger is asked for', () => {
    const exhibit = 'EX-(12)'
    const caseNumber = '(2026)沪0104刑初9号'
    let closed: TestServer
    let sought = ''
    let index = 0
    let theirs: readonly string[] = []
    let strangers: readonly string[] = []
    interface Result {
      readonly by: string
      readonly value: string
      readonly entries: readonly { readonly index: number; readonly iss: string; readonly kind: string }[]
      readonly more: boolean
    }
    const search = (...args: readonly string[]): Promise<Ran<{ results: Result[]; error?: Failure }>> =>
      run('search', ...args)
    /** Asks the public server through one that lies, without a key: a token is for the server that it names alone. */
    const lying = async (change: (said: Record<string, unknown>) => object): Promise<readonly string[]> => {
      const started = await startProxy(
        server.url,
        () => 'pass',
        (_line, body) => JSON.stringify(change(JSON.parse(body) as Record<string, unknown>)),
      )
      proxies.push(started)
      return ['--policy', policy, '--url', started.url]
    }

    beforeAll(async () => {
      closed = await testServer({ origin: 'test.example/asked', reading: 'participants' })
      proxies.push({ close: closed.remove })
      const [pem, trusted, made] = [at('asked.pem'), at('asked.policy'), at('asked-stranger.pem')]
      writeFileSync(pem, readFileSync(closed.folder.folder.depositorKey), { mode: 0o600 })
      writeFileSync(trusted, readFileSync(closed.folder.folder.policy))
      const { said } = await run<{ jwk: object }>('keygen', '--out', made)
      await closed.administer('participant.admit', {
        participant: { id: 'stranger', type: 'court', roles: ['depositor'], keys: [said.jwk] },
      })
      theirs = ['--policy', trusted, '--url', closed.url, '--key', pem, '--id', 'depositor']
      strangers = ['--policy', trusted, '--url', closed.url, '--key', made, '--id', 'stranger']
      const sealed = { case: [{ number: caseNumber }], collection: { exhibit } }
      sought = file('sought.txt')
      expect((await depositTo(server.url, sought)).code).toBe(0)
      const deposited = closed.deposit('the content of sought.txt', { sealed }).presentation
      index = (await closed.post(deposited)).json<{ index: number }>().index
    })

    it('is found by file, case and exhibit, by who may read it alone', async () => {
      const all = ['--case', '（2026）沪0104刑初9号', '--exhibit', exhibit, sought, file('unknown.txt')]
      const { code, said } = await search(...theirs, ...all)
      expect(code).toBe(0)
      const one = [{ index, iss: 'depositor', kind: 'evidence.deposit' }]
      expect(said.results).toMatchObject([
        { by: 'digest', entries: one, more: false },
        { by: 'digest', entries: [], more: false },
        { by: 'case', value: '（2026）沪0104刑初9号', entries: one },
        { by: 'exhibit', value: exhibit, entries: one },
      ])
      expect((await search(...strangers, ...all)).said.results.map(({ entries }) => entries)).toEqual([[], [], [], []])
      expect(await search('--policy', at('asked.policy'), '--url', closed.url, ...all)).toMatchObject({
        code: 3,
        said: { error: { code: 'not-authenticated' } },
      })
    })

    it('comes as a verified receipt, to who may read the entry', async () => {
      const out = at('fetched.tlog-proof')
      expect(await run('receipt', ...strangers, '--out', out, String(index))).toMatchObject({
        code: 3,
        said: { error: { code: 'not-permitted' } },
      })
      expect(existsSync(out)).toBe(false)
      const { code, said } = await run('receipt', ...theirs, '--out', out, String(index))
      expect({ code, said }).toMatchObject({ code: 0, said: { index, claims: { collection: { exhibit } } } })
      expect((await evidence(['check', sought, '--receipt', out, '--policy', at('asked.policy')])).code).toBe(0)
    })

    it('is asked for with a token, which other programs may use too', async () => {
      const { said } = await run<{ token: string }>('token', ...theirs)
      const asked = (token: string): Promise<{ status: number }> =>
        closed.request(`/v1/entries/${index}`, { headers: { authorization: `Bearer ${token}` } })
      expect((await asked(said.token)).status).toBe(200)
      expect((await asked((await run<{ token: string }>('token', ...strangers)).said.token)).status).toBe(403)
    })

    it.each<readonly [string, (result: Record<string, unknown>) => object]>([
      ['another question', (result) => ({ ...result, digest: `sha256:${'0'.repeat(64)}` })],
      ['no entries at all', (result) => ({ ...result, entries: null })],
      ['entries that are none', (result) => ({ ...result, entries: [{ index: -1 }] })],
      ['no word of more', ({ more: _more, ...result }) => result],
    ])('is not taken from an answer that is altered: %s', async (_what, change) => {
      const given = await lying(({ results }) => ({ results: (results as Record<string, unknown>[]).map(change) }))
      expect((await search('--policy', policy, '--url', server.url, first)).code).toBe(0)
      expect(await search(...given, first)).toMatchObject({
        code: 3,
        said: { error: { code: 'server-answer' } },
      })
    })

    it.each<readonly [string, (said: Record<string, unknown>) => object]>([
      ['another entry', (said) => ({ ...said, receipt: readFileSync(`${sought}.tlog-proof`, 'utf8') })],
      ['a receipt that does not verify', (said) => ({ ...said, receipt: `${String(said['receipt'])}x` })],
      ['another time', (said) => ({ ...said, time: '2020-01-01T00:00:00.000Z' })],
    ])('is not taken from an answer with %s', async (_what, change) => {
      const out = at('lied.tlog-proof')
      const given = await lying(change)
      expect(await run('receipt', ...given, '--out', out, '2')).toMatchObject({
        code: 3,
        said: { error: { code: 'server-answer' } },
      })
      expect(existsSync(out)).toBe(false)
    })
  })

  describe('what happened to an entry since', () => {
    let told = ''
    let known: readonly string[] = []
    const asked = (url: string): Promise<Ran<{ events: { what: string }[]; flagged: boolean; error?: Failure }>> =>
      run('status', '--policy', policy, '--url', url, told)

    beforeAll(async () => {
      known = ['--url', server.url, '--key', key, '--id', 'depositor', '--policy', policy]
      told = `${file('told')}.tlog-proof`
      expect((await depositTo(server.url, at('told'))).code).toBe(0)
    })

    it('is nothing at first; then the retraction, the attestation and the relation, each proven', async () => {
      expect(await asked(server.url)).toMatchObject({ code: 0, said: { events: [], flagged: false } })
      const attested = await run<Row[]>('attest', ...known, '--as', 'witness', told)
      const retracted = await run<Row[]>('retract', ...known, '--reason', 'mistake', told)
      for (const { code, said } of [attested, retracted])
        expect({ code, said }).toMatchObject({ code: 0, said: [{ created: true }] })
      expect(soundReceipt(server, readFileSync(`${told}.retract.tlog-proof`, 'utf8')).proof.index).toBeGreaterThan(2)
      const { index, leafHash } = receiptAnswer(readFileSync(told, 'utf8'))
      const relates = [{ rel: 'later-version', index, leafHash }]
      const related = server.sign(server.depositor, 'evidence.deposit', { items: [itemFor('told anew')], relates })
      expect((await server.post(related.presentation)).status).toBe(201)
      const events = [
        { what: 'attested', code: 'witness', proven: true },
        { what: 'retracted', code: 'mistake', proven: true },
        { what: 'related', code: 'later-version', proven: true },
      ]
      await expect.poll(async () => (await asked(server.url)).said.events.length).toBe(3)
      expect(await asked(server.url)).toMatchObject({ code: 0, said: { events, flagged: false } })
    })

    it.each<readonly [string, (answer: StatusAnswer) => object]>([
      ['what happened', (answer) => eachEvent(answer, (one) => ({ ...one, what: 'part-retracted' }))],
      ['why', (answer) => eachEvent(answer, (one) => ({ ...one, code: 'ordered' }))],
      ['when', (answer) => eachEvent(answer, (one) => ({ ...one, time: '2020-01-01T00:00:00.000Z' }))],
      ['no entry', (answer) => eachEvent(answer, ({ entry: _entry, ...one }) => one)],
      ['another signer', (answer) => eachEvent(answer, (one) => ({ ...one, signer: signerNamed('another').jwk }))],
      ['no proof of an event', (answer) => eachEvent(answer, (one) => ({ ...one, hashes: [] }))],
      ['another order', (answer) => ({ ...answer, events: answer.events.toReversed() })],
      ['another proof of the entry', (answer) => ({ ...answer, hashes: [...answer.hashes, ...answer.hashes] })],
      ['no proof from the receipt', (answer) => ({ ...answer, consistency: [] })],
      ['another size', (answer) => ({ ...answer, size: answer.size + 1 })],
      ['another entry', (answer) => ({ ...answer, leafHash: answer.events[0]?.leafHash })],
      ['a page that leads back', (answer) => ({ ...answer, next: answer.index })],
      ['an altered checkpoint', (answer) => ({ ...answer, checkpoint: answer.checkpoint.replace(/\n\d+\n/, '\n9\n') })],
      ['no list', (answer) => ({ ...answer, events: {} })],
      ['no object', () => []],
      ['R8 L1: an item of what was said of the whole', (answer) => eachTold(answer, 'retracted', { item: 0 })],
      ['R8 L1: a line of what was said of the whole', (answer) => eachTold(answer, 'retracted', { line: 0 })],
      ['R8 L1: a null beside what was said', (answer) => eachTold(answer, 'retracted', { item: null })],
      ['R8 L1: an item of an attestation of the whole', (answer) => eachTold(answer, 'attested', { item: 0 })],
      ['R8 L1: an item of a relation', (answer) => eachTold(answer, 'related', { item: 0 })],
      [
        'R8 L1: a time of a retraction',
        (answer) => eachTold(answer, 'retracted', { compromisedSince: '2020-01-01T00:00:00.000Z' }),
      ],
    ])('is not believed where the answer was altered: %s', async (_what, change) => {
      const lying = await startProxy(
        server.url,
        () => 'pass',
        (_line, body) => JSON.stringify(change(JSON.parse(body) as StatusAnswer)),
      )
      proxies.push(lying)
      const { code, said } = await asked(lying.url)
      expect({ code, error: typeof said.error?.code }).toEqual({ code: 3, error: 'string' })
    })

    it('does not flag an entry by what an event says beside what it proves', async () => {
      const lying = await startProxy(
        server.url,
        () => 'pass',
        (_line, body) => {
          const compromisedSince = '2020-01-01T00:00:00.000Z'
          return JSON.stringify(eachEvent(JSON.parse(body) as StatusAnswer, (one) => ({ ...one, compromisedSince })))
        },
      )
      proxies.push(lying)
      expect((await asked(lying.url)).said.flagged).not.toBe(true)
    })

    it('flags an entry whose key is compromised since before it, and keeps what was said to be sent again', async () => {
      const own = await testServer({ origin: 'test.example/flagged' })
      proxies.push({ close: own.remove })
      const [pem, trusted, one] = [at('flagged.pem'), at('flagged.policy'), file('flagged.txt')]
      writeFileSync(pem, readFileSync(own.folder.folder.depositorKey), { mode: 0o600 })
      writeFileSync(trusted, readFileSync(own.folder.folder.policy))
      const given = ['--url', own.url, '--key', pem, '--id', 'depositor', '--policy', trusted]
      expect((await run('deposit', ...given, one)).code).toBe(0)
      const compromisedSince = '2020-01-01T00:00:00.000Z'
      const revoked = { key: own.depositor.key.thumbprint, reason: 'compromised', compromisedSince }
      await own.administer('participant.revoke', revoked)
      const ask = (): Promise<Ran<object>> => run('status', '--policy', trusted, '--url', own.url, `${one}.tlog-proof`)
      const event = { what: 'key-revoked', code: 'compromised', proven: true }
      await expect.poll(ask).toMatchObject({ code: 0, said: { flagged: true, events: [event] } })
      const refused = await run<Row[]>('retract', ...given, '--reason', 'mistake', `${one}.tlog-proof`)
      expect(refused).toMatchObject({ code: 3, said: [{ error: { code: 'key-revoked' } }] })
      expect(existsSync(`${one}.tlog-proof.retract.evidence-statement`)).toBe(true)
      const other = await run('retract', ...given, '--reason', 'ordered', `${one}.tlog-proof`)
      expect(other).toMatchObject({ code: 2, said: { error: { code: 'deposit-differs' } } })
    })
  })

  describe('R8: over a chain of the test’s own', () => {
    const trusted = at('chain.policy')
    const [told, long] = [at('chain.tlog-proof'), at('long.tlog-proof')]
    const iat = startMs / 1000
    let own: TestChain
    const chainOf = (content: string): TestChain => {
      const chain = new TestChain().start()
      chain.add(deposit(chainDepositor, chainOrigin, content, { iat }).jws)
      return chain.seal()
    }
    const keep = async (chain: TestChain, to: string): Promise<void> => {
      const view = await LogView.open(chain)
      const entryBytes = chain.bytes[2] as Uint8Array
      const hashes = await view.inclusion(2, entryBytes)
      writeFileSync(
        to,
        encodeReceipt({ entryBytes, signer: chainDepositor.jwk, disclosures: [] }, 2, hashes, chain.note),
      )
    }
    /** What `status` comes to at a server that answers this about the receipt. */
    const answered = async (answer: object): Promise<Ran<{ error?: Failure }>> => {
      const lying = createServer((request, response) => {
        request.resume()
        response.end(JSON.stringify(answer))
      })
      await new Promise<void>((resolve) => lying.listen(0, '127.0.0.1', resolve))
      proxies.push({ close: () => (lying.closeAllConnections(), lying.close()) })
      const url = `http://127.0.0.1:${(lying.address() as AddressInfo).port}`
      return run('status', '--policy', trusted, '--url', url, told)
    }

    beforeAll(async () => {
      writeFileSync(trusted, encodeLogPolicy(chainKey))
      own = chainOf('the file')
      await keep(own, told)
    })

    it('M1: a fork is a fault, whatever the rest of the answer is', async () => {
      const same = await statusInChain(own, { index: 2, from: 3 })
      expect(await answered(same)).toMatchObject({ code: 0 })
      const fork = await statusInChain(chainOf('another file'), { index: 2, from: 3 })
      const known = { ...fork, leafHash: same.leafHash }
      for (const answer of [
        known,
        fork,
        { ...known, size: 99 },
        { ...known, events: null },
        { ...known, hashes: ['x'] },
      ])
        expect(await answered(answer)).toMatchObject({
          code: 1,
          said: { error: { code: 'consistency-invalid', faults: ['consistency-invalid'] } },
        })
    })

    it('M2: refuses a statement whose header has more than 1,024 bytes, as our own verifier does', async () => {
      const header = JSON.stringify({
        alg: 'EdDSA',
        typ: 'evidence-statement+sd-jwt',
        kid: thumbprint(chainDepositor.jwk),
      })
      const payload = deposit(chainDepositor, chainOrigin, 'the file', { iat }).jws.split('.')[1] as string
      for (const [length, expected] of [
        [1024, [0]],
        [1025, [1, 'jws-header']],
      ] as const) {
        const signed = `${Buffer.from(header.padStart(length)).toString('base64url')}.${payload}`
        const signature = Buffer.from(chainDepositor.sign(utf8(signed))).toString('base64url')
        const chain = new TestChain().start()
        chain.add(`${signed}.${signature}`)
        await keep(chain.seal(), long)
        const { faults } = checkReceipt(readFileSync(long), parsePolicy(readFileSync(trusted)))
        expect(faults.map(({ code }) => code)).toEqual(expected.slice(1))
        const { code, said } = await run('verify', '--policy', trusted, '--receipt', long)
        expect([code, ...(said.error?.faults ?? [])]).toEqual(expected)
      }
    })
  })

  it('refuses what the vectors refuse as a policy', async () => {
    const all = readVectors().filter(({ vector }) => vector.format === 'policy')
    const found = await fewAtATime(all, async ({ name, vector }, i) => {
      const trusted = at(`policy-${i}`)
      writeFileSync(trusted, vector.input.bytes('policy'))
      const { said } = await run('verify', '--policy', trusted, first)
      return [name, said.error?.code !== 'policy-malformed']
    })
    expect(found).toEqual(all.map(({ name, vector }) => [name, vector.expect.valid]))
  })

  it.each<readonly [string, string, (answer: ServerResponse) => void]>([
    ['a body without an end', 'server-answer', (answer) => flood(answer)],
    ['a body that comes byte by byte for ever', 'server-unreachable', (answer) => trickle(answer)],
    [
      'a body that ends before its length',
      'server-unreachable',
      (answer) => answer.writeHead(201, { 'content-length': '9' }).end('{'),
    ],
    [
      'JSON with a member twice',
      'server-answer',
      (answer) => answer.writeHead(201).end('{"receipt":"x","receipt":"x"}'),
    ],
    ['JSON nested a million deep', 'server-answer', (answer) => answer.writeHead(201).end('['.repeat(1_000_000))],
    ['nothing', 'server-answer', (answer) => answer.writeHead(201).end()],
  ])('is held up by no hostile answer: %s', async (_what, code, answers) => {
    const hostile = createServer((request, answer) => {
      // To a request that was read: an early answer, and the end of its connection, may be lost to who is still sending.
      request.resume().once('end', () => answers(answer))
    })
    hostile.on('clientError', (_error, socket) => socket.destroy())
    await new Promise<void>((resolve) => hostile.listen(0, '127.0.0.1', resolve))
    proxies.push({ close: () => (hostile.closeAllConnections(), hostile.close()) })
    const url = `http://127.0.0.1:${(hostile.address() as AddressInfo).port}`
    const given = [
      '--url',
      url,
      '--key',
      key,
      '--id',
      'depositor',
      '--policy',
      policy,
      '--timeout',
      // Long enough for a busy machine to read what comes; an answer that never ends takes all of it.
      code === 'server-unreachable' ? '1' : '120',
      '--tries',
      '1',
    ]
    expect(await run('deposit', ...given, file('hostile'))).toMatchObject({ code: 3, said: [{ error: { code } }] })
  })

  it('signs about what it was shown, with a key that it made, where not everybody may read', async () => {
    const own = await testServer({ origin: 'test.example/closed', reading: 'participants' })
    proxies.push({ close: own.remove })
    const [pem, trusted, one, made] = [at('closed.pem'), at('closed.policy'), file('closed.txt'), at('notary.pem')]
    writeFileSync(pem, readFileSync(own.folder.folder.depositorKey), { mode: 0o600 })
    writeFileSync(trusted, readFileSync(own.folder.folder.policy))
    const { said } = await run<{ jwk: object }>('keygen', '--out', made)
    const participant = { id: 'notary', type: 'notary', roles: ['attestor'], keys: [said.jwk] }
    await own.administer('participant.admit', { participant })
    const given = ['--url', own.url, '--policy', trusted]
    expect((await run('deposit', ...given, '--key', pem, '--id', 'depositor', one)).code).toBe(0)
    const notary = [...given, '--key', made, '--id', 'notary']
    const attested = await run('attest', ...notary, '--as', 'notary', `${one}.tlog-proof`)
    expect(attested).toMatchObject({ code: 0, said: [{ created: true, iss: 'notary', kind: 'evidence.attest' }] })
    // Who may not read the attestation is told of it, and has the ledger's word alone, which says nothing of its role or time (R7 L1).
    const asked = async (...reader: readonly string[]): Promise<unknown[]> =>
      (await run<{ events: unknown[] }>('status', ...reader, `${one}.tlog-proof`)).said.events
    await expect.poll(() => asked(...given)).toHaveLength(1)
    const { index } = receiptAnswer(readFileSync(`${one}.tlog-proof.attest.tlog-proof`, 'utf8'))
    expect(await asked(...given)).toEqual([{ index, what: 'attested', proven: false }])
    expect(await asked(...notary)).toMatchObject([{ what: 'attested', code: 'notary', proven: true }])
    const wrong = await run('status', ...given, '--key', pem, '--id', 'notary', `${one}.tlog-proof`)
    expect(wrong).toMatchObject({ code: 3, said: { error: { code: 'token-invalid' } } })
  })

  it('uses no key that has a passphrase without it', async () => {
    const closed = at('passphrase.pem')
    const options = { cipher: 'aes-256-cbc', passphrase: 'correct horse' }
    writeFileSync(closed, createPrivateKey(readFileSync(key)).export({ type: 'pkcs8', format: 'pem', ...options }), {
      mode: 0o600,
    })
    writeFileSync(at('passphrase'), 'correct horse\n', { mode: 0o600 })
    writeFileSync(at('wrong'), 'battery staple\n', { mode: 0o600 })
    const given = ['--url', server.url, '--key', closed, '--id', 'depositor', '--policy', policy]
    const refused = { code: 3, said: { error: { code: 'key-file-passphrase' } } }
    expect(await run('deposit', ...given, file('closed'))).toMatchObject(refused)
    if (!client().opensPassphrases) return
    expect(await run('deposit', ...given, '--passphrase-file', at('wrong'), at('closed'))).toMatchObject(refused)
    expect((await run('deposit', ...given, '--passphrase-file', at('passphrase'), at('closed'))).code).toBe(0)
  })

  it('reads no key that others may read', async () => {
    const open = at('open.pem')
    writeFileSync(open, readFileSync(key))
    chmodSync(open, 0o644)
    const given = ['--url', server.url, '--key', open, '--id', 'depositor', '--policy', policy]
    expect(await run('deposit', ...given, file('open'))).toMatchObject({
      code: 3,
      said: { error: { code: 'key-file-permissions' } },
    })
  })

  it('waits for the witnesses that the policy asks for, one file or many', async () => {
    const witnessed = await testServer({ origin: 'test.example/witnessed' })
    const witness: TestWitness = await testWitness([readOwnKey(witnessed.folder.folder)])
    proxies.push({ close: witnessed.remove }, { close: witness.remove })
    await witnessed.stop()
    const { folder } = witnessed.folder
    const line = `witness w ${witness.keys[0].text} ${witness.url()}\nquorum w\n`
    const text = readFileSync(folder.policy, 'utf8').replace(/^quorum .*\n/m, line)
    writeFileSync(folder.policy, text)
    const restarted = await witnessed.restart()
    proxies.push({ close: restarted.remove })
    const [trusted, own] = [at('witnessed.policy'), at('witnessed.pem')]
    writeFileSync(trusted, text)
    writeFileSync(own, readFileSync(folder.depositorKey), { mode: 0o600 })
    const known = ['--url', restarted.url, '--key', own, '--id', 'depositor', '--policy', trusted]
    for (const files of [[file('seen')], [file('seen-1'), file('seen-2')]]) {
      const { code, said } = await run<Row[]>('deposit', ...known, ...files)
      expect({ code, said }).toMatchObject({
        code: 0,
        said: files.map(() => ({ witnesses: [['w', expect.any(Number)]] })),
      })
      for (const one of files) expect((await evidence(['check', one, '--policy', trusted])).code).toBe(0)
    }
  })
}
