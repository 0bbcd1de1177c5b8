import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { signCheckpoint } from '../../src/core/checkpoint.ts'
import { leafHash } from '../../src/core/entry.ts'
import { encodeKeyTransition } from '../../src/core/key-transition.ts'
import { Tile } from '../../src/core/merkle/tile.ts'
import { rootFromTiles } from '../../src/core/merkle/tiles.ts'
import { verifierKey } from '../../src/core/note.ts'
import { encodeLogPolicy } from '../../src/core/policy.ts'
import { encodeReceipt } from '../../src/core/receipt.ts'
import { newRecord } from '../../src/timestamp/record.ts'
import { encodeTimeProof } from '../../src/timestamp/time-proof.ts'
import { type CliError, type CliResult, evidence, evidenceOk } from '../support/cli.ts'
import { depositor, ledgerKey, ledgerSigner, origin, startMs, TestChain } from '../support/chain.ts'
import { temporaryFolder } from '../support/folder.ts'
import { signerNamed } from '../support/signers.ts'
import { deposit } from '../support/statements.ts'
import { lacks } from '../support/system-tools.ts'
import { TestAuthority, type TestTimeStamper } from '../support/time-authority.ts'

/* What somebody has put beside a file or its receipt, to lead a check astray. */
interface Report {
  readonly ok: boolean
  readonly faults: readonly { readonly code: string }[]
}
const { path, remove } = temporaryFolder()
const at = (...names: string[]): string => join(path, ...names)
const check = (file: string, ...args: string[]): Promise<CliResult> =>
  evidence(['check', file, '--policy', at('policy'), ...args])
const codesOf = (result: CliResult): string[] => result.json<Report>().faults.map(({ code }) => code)

beforeAll(() => writeFileSync(at('policy'), encodeLogPolicy(ledgerKey)))
afterAll(remove)

function entryOf(content: string): Uint8Array {
  const chain = new TestChain()
  chain.add(deposit(depositor, origin, content).jws, { timeMs: startMs })
  return chain.bytes[0] as Uint8Array
}

function noteOf(entry: Uint8Array, signer = ledgerSigner, key = ledgerKey): string {
  const tile = new Tile()
  tile.append(leafHash(entry))
  return signCheckpoint({ origin, size: 1, root: rootFromTiles(1, () => tile) }, key, signer.sign)
}

function receiptOf(entry: Uint8Array, signer = ledgerSigner, key = ledgerKey): string {
  return encodeReceipt({ entryBytes: entry, signer: depositor.jwk, disclosures: [] }, 0, [], noteOf(entry, signer, key))
}

/** A file in a folder of its own, with its receipt. */
function deposited(folder: string, content = folder): { file: string; entry: Uint8Array } {
  mkdirSync(at(folder), { recursive: true })
  const file = at(folder, 'photo.jpg')
  const entry = entryOf(content)
  writeFileSync(file, content)
  writeFileSync(`${file}.tlog-proof`, receiptOf(entry))
  return { file, entry }
}

describe.skipIf(lacks('openssl', 'faketime'))('R3-M3: a key transition that the receipt needs not', () => {
  let root: TestAuthority
  let stamper: TestTimeStamper
  beforeAll(() => {
    root = TestAuthority.root(path, 'Root')
    stamper = root.timeStamper('Clock', { from: startMs - 86_400_000, to: startMs + 86_400_000_000 })
    writeFileSync(at('anchors.pem'), root.pem)
  })

  function timeProof(entry: Uint8Array, signer = ledgerSigner): Uint8Array {
    const checkpoint = utf8(noteOf(entry, signer))
    const tokens = [stamper.stamp(checkpoint, { atMs: startMs + 60_000 })]
    const record = newRecord(checkpoint, { algorithm: 'sha256', tokens, certificates: [], crls: [] })
    return encodeTimeProof({ index: 0, hashes: [], record })
  }

  it.each([
    ['unrelated', (entry: Uint8Array) => encodeKeyTransition(1, [], noteOf(entry))],
    ['junk', () => 'no transition'],
  ])('and that is %s leaves the time proof to the policy', async (name, plant) => {
    const { file, entry } = deposited(`time-${name}`)
    const proof = at(`time-${name}`, 'photo.jpg.time-proof')
    const codes = async (): Promise<unknown> => {
      const result = await check(file, '--timestamp-anchors', at('anchors.pem'), '--json')
      return [result.code, codesOf(result)]
    }
    writeFileSync(proof, timeProof(entry, signerNamed('stranger')))
    expect(await codes()).toEqual([1, ['signature-invalid']])
    writeFileSync(at(`time-${name}`, 'photo.jpg.key-transition'), plant(entry))
    expect(await codes()).toEqual([1, ['signature-invalid']])
    // R3-L9: nor does it stand in the way of a sound time proof.
    writeFileSync(proof, timeProof(entry))
    expect(await codes()).toEqual([0, []])
  })
})

describe('R3-L9: a key transition that is none', () => {
  it('is a fault beside that of the receipt, and hides it not', async () => {
    const { file, entry } = deposited('junk')
    writeFileSync(at('junk', 'photo.jpg.key-transition'), 'no transition')
    expect((await check(file)).code).toBe(0)
    // The same ledger under another key: it is then that a transition is looked for.
    const stranger = signerNamed('stranger')
    writeFileSync(`${file}.tlog-proof`, receiptOf(entry, stranger, verifierKey(origin, stranger.publicKey)))
    const result = await check(file, '--json')
    expect(result.code).toBe(1)
    expect(codesOf(result)).toEqual(['checkpoint-untrusted', 'transition-malformed'])
  })
})

describe('R3-M5: a file that begins as a proof of misbehaviour does', () => {
  it('is judged by the receipt beside it, where it has one', async () => {
    const content = 'evidence-ledger/misbehaviour/v1\nwhat was seized\n'
    const { file } = deposited('seized', content)
    const sound = await check(file)
    expect([sound.code, sound.stdout]).toEqual([0, expect.stringContaining('unchanged since deposit')])
    writeFileSync(file, `${content}and altered\n`)
    const altered = await check(file, '--json')
    expect([altered.code, codesOf(altered)]).toEqual([1, ['file-differs', 'file-differs']])
    writeFileSync(at('alone.misbehaviour'), content)
    expect(codesOf(await check(at('alone.misbehaviour'), '--json'))).toEqual(['misbehaviour-malformed'])
  })
})

describe('R3-M8: a manifest that never ends', () => {
  it('is passed over: a device, and a file that is larger than any manifest', async () => {
    mkdirSync(at('endless', 'inner'), { recursive: true })
    writeFileSync(at('endless', 'inner', 'photo.jpg'), 'x')
    for (const name of ['device', 'huge']) writeFileSync(at('endless', `${name}.tlog-proof`), receiptOf(entryOf(name)))
    symlinkSync('/dev/zero', at('endless', 'device.evidence-manifest'))
    writeFileSync(at('endless', 'huge.evidence-manifest'), '')
    truncateSync(at('endless', 'huge.evidence-manifest'), 2 ** 40)
    const result = await check(at('endless', 'inner', 'photo.jpg'))
    expect([result.code, `${result.stdout}${result.stderr}`]).toEqual([2, expect.stringContaining('receipt-not-found')])
    const folder = await check(
      at('endless', 'inner'),
      '--manifest',
      at('endless', 'huge.evidence-manifest'),
      '--receipt',
      at('endless', 'huge.tlog-proof'),
      '--json',
    )
    expect([folder.code, folder.json<CliError>().error.code]).toEqual([1, 'manifest-malformed'])
  })
})

describe('R3-L4: a pipe that nobody writes', () => {
  const pipe = (...names: string[]): void => void execFileSync('mkfifo', [at(...names)])

  it('in the place of a receipt, a file proof or a manifest is no evidence', async () => {
    mkdirSync(at('pipes', 'inner'), { recursive: true })
    const file = at('pipes', 'inner', 'photo.jpg')
    writeFileSync(file, 'x')
    pipe('pipes', 'inner', 'photo.jpg.tlog-proof')
    pipe('pipes', 'inner', 'photo.jpg.file-proof')
    pipe('pipes', 'inner.evidence-manifest')
    pipe('pipes', 'inner.tlog-proof')
    pipe('pipes', 'inner', 'other.evidence-manifest')
    for (const one of [file, at('pipes', 'inner')]) {
      const result = await check(one)
      expect([result.code, `${result.stdout}${result.stderr}`]).toEqual([
        2,
        expect.stringContaining('receipt-not-found'),
      ])
    }
  })

  it('beside a sound receipt changes nothing', async () => {
    const { file } = deposited('beside')
    for (const ending of ['time-proof', 'key-transition', 'file-proof']) pipe('beside', `photo.jpg.${ending}`)
    expect((await check(file)).code).toBe(0)
  })
})

describe('R3-L5: show', () => {
  it('says of a receipt that it is not verified', async () => {
    const { file, entry } = deposited('shown')
    writeFileSync(`${file}.tlog-proof`, receiptOf(entry, signerNamed('stranger')))
    const text = await evidenceOk(['show', `${file}.tlog-proof`])
    expect(text.stdout).toMatch(
      /not verified: this is what the file says, which anybody may have written; "evidence check" verifies\n$/,
    )
    expect((await evidenceOk(['show', `${file}.tlog-proof`, '--json'])).json()).toMatchObject({ verified: false })
  })
})
