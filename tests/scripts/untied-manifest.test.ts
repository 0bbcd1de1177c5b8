import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { signCheckpoint } from '../../src/core/checkpoint.ts'
import { leafHash } from '../../src/core/entry.ts'
import { Tile } from '../../src/core/merkle/tile.ts'
import { rootFromTiles } from '../../src/core/merkle/tiles.ts'
import { encodeLogPolicy } from '../../src/core/policy.ts'
import { encodeReceipt } from '../../src/core/receipt.ts'
import { formatTime } from '../../src/core/time.ts'
import { type CliError, evidence } from '../support/cli.ts'
import { depositor, ledgerKey, ledgerSigner, origin, startMs, TestChain } from '../support/chain.ts'
import { temporaryFolder } from '../support/folder.ts'
import { sha256Hex, statement } from '../support/statements.ts'

/* A receipt that the ledger signed, of an entry that this version cannot read: nothing ties the manifest beside it to the deposit. */
const { path, remove } = temporaryFolder()
const at = (...names: string[]): string => join(path, ...names)
const policy = ['--policy', at('policy')]
interface Report {
  readonly ok: boolean
  readonly files?: readonly object[]
  readonly listedAs?: string
  readonly unjudged: readonly { readonly code: string }[]
  readonly faults: readonly object[]
}

function receiptOf(entryBytes: Uint8Array): string {
  const tile = new Tile()
  tile.append(leafHash(entryBytes))
  const note = signCheckpoint({ origin, size: 1, root: rootFromTiles(1, () => tile) }, ledgerKey, ledgerSigner.sign)
  return encodeReceipt({ entryBytes, signer: depositor.jwk, disclosures: [] }, 0, [], note)
}

function unknownKind(): Uint8Array {
  const chain = new TestChain()
  chain.add(statement(depositor, origin, 'evidence.of-tomorrow', { about: 'something else' }).jws)
  return chain.bytes[0] as Uint8Array
}
const unknownVersion = utf8(
  `evidence-ledger/entry/v2\n0\n${formatTime(startMs)}\n${toBase64(new Uint8Array(32))}\nsomething new\n`,
)

const cases: [string, Uint8Array][] = [
  ['an unknown kind', unknownKind()],
  ['an unknown version', unknownVersion],
]

beforeAll(() => {
  writeFileSync(at('policy'), encodeLogPolicy(ledgerKey))
  for (const [name, bytes] of cases) {
    mkdirSync(at(name))
    writeFileSync(at(name, 'confession.txt'), 'I did it')
    writeFileSync(at(`${name}.evidence-manifest`), `${sha256Hex('I did it')}  confession.txt\n`)
    writeFileSync(at(`${name}.tlog-proof`), receiptOf(bytes))
  }
})
afterAll(remove)

describe.each(cases)('R3-H4: a receipt of %s, with a manifest that nothing ties to it', (name) => {
  it('vouches for no file of the folder, and accuses none', async () => {
    for (const content of ['I did it', 'I did not']) {
      writeFileSync(at(name, 'confession.txt'), content)
      const text = await evidence(['check', at(name), ...policy])
      expect(text.code).toBe(4)
      expect(text.stdout).toContain(
        'no file was compared: the receipt does not show that this manifest is the one deposited',
      )
      expect(text.stdout).not.toMatch(/unchanged|DIFFERS|confession/)
      const report = (await evidence(['check', at(name), ...policy, '--json'])).json<Report>()
      expect(report).toMatchObject({ ok: false, files: [], faults: [] })
      expect(report.unjudged.length).toBeGreaterThan(0)
    }
  })

  it('vouches for no single file of it, and makes no proof of one', async () => {
    for (const content of ['I did it', 'I did not']) {
      writeFileSync(at(name, 'confession.txt'), content)
      const file = at(name, 'confession.txt')
      const text = await evidence(['check', file, ...policy])
      expect([text.code, text.stdout]).toEqual([
        4,
        expect.not.stringMatching(/unchanged|listed in the deposit|byte-identical/),
      ])
      const report = (await evidence(['check', file, ...policy, '--json'])).json<Report>()
      expect([report.ok, report.listedAs, report.faults]).toEqual([false, undefined, []])
      const proof = await evidence(['prove', file, ...policy, '--json'])
      expect([proof.code, proof.json<CliError>().error.code]).toEqual([4, 'not-judged'])
    }
  })
})
