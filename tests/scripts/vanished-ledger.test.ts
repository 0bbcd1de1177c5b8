import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { dataFolder, readOwnKey } from '../../src/ledger/data-folder.ts'
import { type CliServer, type CommandServer, evidence, evidenceOk, startCommand, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { python } from '../support/python.ts'
import { WitnessProcess } from '../support/witness-process.ts'

/*
 * The life and the end of a ledger: witnessed, its key replaced, mirrored, closed for a successor, switched off, its folder removed.
 * What holders of receipts are left with is their files, the two policies, and a mirror that somebody else kept.
 */
const { path, remove } = temporaryFolder()
const at = (...names: string[]): string => join(path, ...names)
const data = at('data')
const mirror = at('mirror')
const [oldPolicy, newPolicy] = [at('old.policy'), at('new.policy')]
const rotation = at('rotation.tlog-proof')
const auditor = ['--key', at('auditor.pem'), '--id', 'auditor']
let copy: CommandServer | undefined
let ledgerUrl = ''
let size = 0
let lateDeposit: { code: number | null; said: string }

/** No fault, and nothing that was passed over. */
const sound = { faults: [], unjudged: [] }
const soundInPython = { faults: [], notJudged: [] }

async function checks(...args: string[]): Promise<void> {
  const result = await evidence(['check', ...args, '--json'])
  const { code, stdout } = result
  if (code !== 0) throw new Error(`evidence check ${args.join(' ')}: ${stdout}`)
  expect(result.json()).toMatchObject(sound)
}
function pythonChecks(...args: string[]): void {
  const result = python('evidence_verify.py', ['check', ...args, '--json'])
  const { code, stdout, stderr } = result
  if (code !== 0) throw new Error(`${args.join(' ')}: ${stdout}${stderr}`)
  expect(result.json()).toMatchObject(soundInPython)
}

beforeAll(async () => {
  await evidenceOk(['init', '--data', data, '--origin', 'test.example/vanishing'])
  const witnesses = ['w1', 'w2', 'w3'].map(
    (name) => new WitnessProcess(at(name), `${name}.example/w`, [readOwnKey(dataFolder(data))]),
  )
  await Promise.all(witnesses.map((witness) => witness.start()))
  const own = readFileSync(join(data, 'policy'), 'utf8').split('\n')
  const lines = [
    ...own.filter((line) => line !== '' && !line.startsWith('quorum')),
    ...witnesses.map(({ keys, url }, i) => `witness w${i + 1} ${keys[i % 2 === 0 ? 0 : 1]?.text} ${url}`),
    'group notaries 2 w1 w2 w3',
    'group both all notaries ledger-ml-dsa',
    'quorum both',
  ]
  writeFileSync(join(data, 'policy'), `${lines.join('\n')}\n`)
  let server: CliServer | undefined
  try {
    server = await startServer(data, [], 'serve')
    const administrator = ['--key', join(data, 'keys', 'administrator.pem'), '--id', 'administrator', '--data', data]
    await evidenceOk(['keygen', '--out', at('auditor.pem')])
    const admit = ['participants', 'admit', 'auditor', '--public-key', at('auditor.jwk'), '--type', 'court']
    await evidenceOk([...admit, '--role', 'auditor', ...administrator, '--url', server.url])
    await deposit('before.txt', server.url)
    await server.stop()
    cpSync(join(data, 'policy'), oldPolicy)

    await evidenceOk(['keygen', '--out', at('next.pem')])
    const rotated = await evidenceOk(['ledger', 'rotate-key', '--new-key', at('next.pem'), ...administrator, '--json'])
    cpSync(join(data, 'policy'), newPolicy)
    const { index: rotationIndex } = rotated.json<{ index: number }>()
    // The operators of its witnesses are told of the new key.
    for (const { root } of witnesses) await evidenceOk(['witness', 'add-log', newPolicy, '--data', root])
    server = await startServer(data, [], 'serve')
    // The one checkpoint that both keys sign, with its cosignatures, is what brings holders of the old policy to the new key.
    await cosigned(server, rotationIndex + 1)
    await evidenceOk(['show', String(rotationIndex), '--receipt', rotation, '--data', data, '--url', server.url])
    await deposit('after.txt', server.url)
    await evidenceOk(['transition', at('before.txt.tlog-proof'), '--url', server.url])
    await evidenceOk([...mirrorArgs(server.url), '--once'])

    const last = await server.request('/checkpoint')
    writeFileSync(at('last.checkpoint'), last.body)
    // The successor of a trial would be a trial, whose first checkpoint has size 2: this one is made by the ceremony.
    const next = ['init', '--data', at('next')]
    await evidenceOk(['keygen', '--out', at('clerk.pem')])
    const successor = ['--origin', 'test.example/successor', '--administrator', `clerk=${at('clerk.jwk')}`]
    await evidenceOk([...next, '--production', ...successor, '--continues', at('last.checkpoint')])
    const genesis = ['--key', at('clerk.pem'), '--out', at('genesis.jws')]
    await evidenceOk(['ledger', 'sign-genesis', at('next', 'genesis.json'), ...genesis])
    await evidenceOk([...next, '--genesis', at('genesis.jws')])
    const successorServer = await startServer(at('next'), [], 'serve')
    writeFileSync(at('first.checkpoint'), (await successorServer.request('/checkpoint')).body)
    await successorServer.stop()
    const closing = ['ledger', 'close', '--reason', 'continued', '--successor', at('first.checkpoint')]
    await evidenceOk([...closing, ...administrator, '--url', server.url])
    size = parseSignedCheckpoint(new Uint8Array(last.body)).checkpoint.size + 1
    await cosigned(server, size)
    await evidenceOk([...mirrorArgs(server.url), '--once'])
    ledgerUrl = server.url
    writeFileSync(at('late.txt'), 'too late')
    const late = await evidence(['deposit', at('late.txt'), '--data', data, '--url', server.url, '--json'])
    lateDeposit = { code: late.code, said: late.stdout }
  } finally {
    await server?.stop()
    await Promise.all(witnesses.map((witness) => witness.end()))
  }
  rmSync(data, { recursive: true })
  copy = await startCommand([...mirrorArgs(ledgerUrl), '--serve', '--port', '0', '--serve-entries'])
})
afterAll(async () => {
  await copy?.stop()
  remove()
})

const mirrorArgs = (url: string): string[] => ['mirror', url, mirror, '--policy', newPolicy, ...auditor]

async function deposit(name: string, url: string): Promise<void> {
  writeFileSync(at(name), `content of ${name}`)
  await evidenceOk(['deposit', at(name), '--note', `about ${name}`, '--data', data, '--url', url])
}

/** Waits until the ledger publishes this size, with the quorum. */
async function cosigned(server: CliServer, wanted: number): Promise<void> {
  for (;;) {
    // Just after a start nothing has the quorum.
    const { status, body } = await server.request('/checkpoint')
    if (status === 200 && parseSignedCheckpoint(new Uint8Array(body)).checkpoint.size >= wanted) return
    await sleep(100)
  }
}

const [before, after] = [at('before.txt'), at('after.txt')]
const [receiptBefore, receiptAfter] = [`${before}.tlog-proof`, `${after}.tlog-proof`]
const transition = `${before}.key-transition`

describe('a ledger that was rotated, closed and has vanished', () => {
  it('is gone', async () => {
    expect(lateDeposit).toEqual({ code: 3, said: expect.stringContaining('ledger-closed') })
    expect(existsSync(data)).toBe(false)
    expect((await evidence(['verify', '--url', ledgerUrl, '--policy', newPolicy])).code).toBe(3)
  })

  it('leaves receipts that check offline, under either policy', async () => {
    await checks(before, '--receipt', receiptBefore, '--policy', oldPolicy)
    await checks(before, '--receipt', receiptBefore, '--policy', newPolicy, '--transition', transition)
    await checks(after, '--receipt', receiptAfter, '--policy', newPolicy)
    await checks(after, '--receipt', receiptAfter, '--policy', oldPolicy, '--rotation', rotation)
  })

  it('leaves them to the Python verifier too, with nothing passed over', () => {
    pythonChecks(before, '--receipt', receiptBefore, '--policy', oldPolicy)
    pythonChecks(before, '--receipt', receiptBefore, '--policy', newPolicy, '--transition', transition)
    pythonChecks(after, '--receipt', receiptAfter, '--policy', newPolicy)
    pythonChecks(after, '--receipt', receiptAfter, '--policy', oldPolicy, '--rotation', rotation)
  })

  it('is verified as a whole from the mirror, by both verifiers', async () => {
    const { url } = copy as CommandServer
    for (const where of [
      ['--url', url],
      ['--dir', mirror],
    ]) {
      const verified = await evidenceOk([
        'verify',
        ...where,
        '--policy',
        newPolicy,
        '--checkpoint',
        receiptBefore,
        '--json',
      ])
      expect(verified.json()).toMatchObject({ ...sound, ok: true, size })
    }
    const kept = ['--checkpoint', receiptBefore, '--checkpoint', receiptAfter]
    const result = python('evidence_verify.py', ['verify', mirror, '--policy', newPolicy, '--json', ...kept])
    const { code, stdout, stderr } = result
    if (code !== 0) throw new Error(`${stdout}${stderr}`)
    expect(result.json()).toMatchObject({ ...soundInPython, size })
  })

  it('has its receipts made anew by the mirror, for every entry, the closing included', async () => {
    const { url } = copy as CommandServer
    for (let index = 0; index < size; index++) {
      for (const [i, where] of [
        ['--url', url],
        ['--dir', mirror],
      ].entries()) {
        const out = at(`anew-${index}-${i}.tlog-proof`)
        await evidenceOk(['receipt', String(index), ...where, '--policy', newPolicy, '--out', out])
        pythonChecks('--receipt', out, '--policy', newPolicy)
      }
    }
    for (const [file, receipt] of [
      [before, receiptBefore],
      [after, receiptAfter],
    ] as const) {
      const { index } = parseReceipt(readFileSync(receipt)).entry
      const anew = at(`anew-${index}-0.tlog-proof`)
      await checks(file, '--receipt', anew, '--policy', newPolicy)
      await checks(file, '--receipt', anew, '--policy', oldPolicy, '--rotation', rotation)
    }
    const closing = parseReceipt(readFileSync(at(`anew-${size - 1}-0.tlog-proof`)))
    const [, payload] = closing.entry.known ? closing.entry.statement.split('.') : []
    const said = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()) as Record<string, unknown>
    expect(said).toMatchObject({ kind: 'ledger.close', successor: { origin: 'test.example/successor' } })
  })

  it('has its receipts packed from the mirror, admissions included, and the package checks offline', async () => {
    const pack = at('for-the-court.zip')
    await evidenceOk(['package', after, '--out', pack, '--dir', mirror, '--policy', newPolicy])
    expect((await evidenceOk(['check', pack, '--policy', newPolicy])).stdout).toContain('no fault found')
    const bytes = readFileSync(pack)
    bytes[200] = (bytes[200] as number) ^ 1
    writeFileSync(at('changed.zip'), bytes)
    expect((await evidence(['check', at('changed.zip'), '--policy', newPolicy])).code).toBe(1)
  })

  it('does not hide a change: one byte of a file, of a receipt, of the mirror', async () => {
    writeFileSync(at('changed.txt'), 'Content of before.txt')
    expect((await evidence(['check', at('changed.txt'), '--receipt', receiptBefore, '--policy', oldPolicy])).code).toBe(
      1,
    )
    const bytes = readFileSync(transition)
    bytes[bytes.indexOf('\n\n') - 10] = bytes[bytes.indexOf('\n\n') - 10] === 0x41 ? 0x42 : 0x41
    writeFileSync(at('changed.key-transition'), bytes)
    const args = [
      before,
      '--receipt',
      receiptBefore,
      '--policy',
      newPolicy,
      '--transition',
      at('changed.key-transition'),
    ]
    expect((await evidence(['check', ...args])).code).toBe(1)
    expect(python('evidence_verify.py', ['check', ...args]).code).toBe(1)
    const spoiled = at('spoiled')
    cpSync(mirror, spoiled, { recursive: true })
    const bundle = join(spoiled, 'tile', 'entries', '000.p', String(size))
    const entries = readFileSync(bundle)
    entries[400] = (entries[400] as number) ^ 1
    writeFileSync(bundle, entries)
    expect((await evidence(['verify', '--dir', spoiled, '--policy', newPolicy])).code).toBe(1)
    expect(python('evidence_verify.py', ['verify', spoiled, '--policy', newPolicy]).code).toBe(1)
  })
})
