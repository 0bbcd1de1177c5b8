import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { browserBundle } from '../../scripts/browser-bundle.mjs'
import { checkPath, type CheckRequest } from '../../src/check/node/check.ts'
import { leafHash } from '../../src/core/entry.ts'
import { isEvidenceError } from '../../src/core/errors.ts'
import { sha256 } from '../../src/core/hash.ts'
import { rootFromTiles } from '../../src/core/merkle/tiles.ts'
import { Tile } from '../../src/core/merkle/tile.ts'
import { signCheckpoint } from '../../src/core/checkpoint.ts'
import { encodeLogPolicy } from '../../src/core/policy.ts'
import { encodeReceipt } from '../../src/core/receipt.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { newRecord } from '../../src/timestamp/record.ts'
import { encodeTimeProof } from '../../src/timestamp/time-proof.ts'
import { bagFiles, writeFiles } from '../support/bag.ts'
import { browserRealm } from '../support/browser-realm.ts'
import { depositor, ledgerKey, ledgerSigner, origin, startMs, TestChain } from '../support/chain.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rawZip } from '../support/raw-zip.ts'
import { receiptOf } from '../support/small-package.ts'
import { deposit } from '../support/statements.ts'
import { lacks } from '../support/system-tools.ts'
import { day, TestAuthority } from '../support/time-authority.ts'
import { verifyGuide } from '../../src/package/verify-guide.ts'
import type * as Page from '../support/browser/all.ts'

/*
 * docs/design/faces.md and layers.md: the steps of a check, the reading of packages and the judging of time proofs run in a browser. They are joined as a page has
 * them, and run where there is nothing of Node; what they say is what the command line says.
 */

const module = (name: string): string => fileURLToPath(new URL(`../support/browser/${name}.ts`, import.meta.url))
const { path, remove } = temporaryFolder()
afterAll(remove)
const base64 = (bytes: string | Uint8Array): string => Buffer.from(bytes).toString('base64')
const content = 'what was deposited'
const policy = encodeLogPolicy(ledgerKey)
const chain = new TestChain().start()
const index = chain.add(deposit(depositor, origin, content, { iat: startMs / 1000 }).jws)
chain.seal()

/** The most bytes of a minified script (docs/design/faces.md). */
const bounds = { core: 400_000, packages: 1_000_000, all: 1_000_000 } as const

describe('a bundle for a browser', () => {
  it.each(Object.entries(bounds))('of %s holds nothing of Node, and at most %i bytes', async (name, bound) => {
    const { code, imports } = await browserBundle(module(name), { name: 'page', minify: true })
    console.log(`browser bundle ${name}: ${code.length} bytes, minified`)
    expect(imports).toEqual([])
    expect(code.length).toBeLessThanOrEqual(bound)
    const plain = (await browserBundle(module(name), { name: 'page', minify: false })).code
    // PKI.js asks whether there is a process before it asks anything of it.
    const nodes = /(?:["'`]node:[a-z]|(?<![.\w$'"`])Buffer[.(]|(?<![.\w$'"`])process\.[a-z])/
    expect(plain.split('\n').filter((line) => nodes.test(line) && !line.includes('typeof process !=='))).toEqual([])
  })
})

/** The bundle, in a realm that has nothing of Node. */
async function page(): Promise<typeof Page> {
  const { code } = await browserBundle(module('all'), { name: 'page', minify: true })
  return (browserRealm(`${code}\nglobalThis.page = page`) as unknown as { page: typeof Page }).page
}

const flipped = (bytes: Uint8Array, at: number): Uint8Array => {
  const copy = Uint8Array.from(bytes)
  copy[at] = (copy[at] as number) ^ 1
  return copy
}

describe('what a page says', () => {
  let judge: typeof Page
  let number = 0
  beforeAll(async () => {
    judge = await page()
  })

  /** Codes by the command line's own way. */
  async function inNode(file: string, more: Partial<CheckRequest> = {}): Promise<string[]> {
    const given = { path: 'policy', bytes: utf8(policy) }
    const request: CheckRequest = {
      rotation: [],
      anchor: [],
      lowerUrls: [],
      policyFromPackage: false,
      policy: () => given,
      ledger: undefined,
      ...more,
    }
    const watch = { note: () => {}, progress: () => ({ update: () => {}, of: () => {}, stop: () => {} }) }
    const report = await checkPath(file, request, watch).catch((error: unknown) => {
      if (isEvidenceError(error, 'receipt-not-found')) return undefined
      throw error
    })
    if (report === undefined) return ['no package']
    const { faults, unjudged } = report
    return [...faults, ...unjudged].map(({ code }) => code)
  }

  const fileOf = (bytes: string | Uint8Array): string => {
    const file = join(path, `file-${number++}`)
    writeFileSync(file, bytes)
    return file
  }

  it('of a receipt is what the command line says, sound and altered', async () => {
    const receipt = await receiptOf(chain, index)
    for (const [file, by, isSound] of [
      [content, receipt, true],
      [`${content}.`, receipt, false],
      [content, flipped(receipt, receipt.indexOf('\n\n— ') + 60), false],
    ] as const) {
      const found = await judge.checkReceiptOf(base64(file), base64(by), base64(policy))
      expect([...found]).toEqual(await inNode(fileOf(file), { receipt: fileOf(by) }))
      expect(found.length === 0).toBe(isSound)
    }
  })

  it('of a package, as a zip and as a folder, is what the command line says, sound and altered', async () => {
    const files = bagFiles({
      'data/admissions/0.tlog-proof': await receiptOf(chain, 0),
      'data/admissions/1.tlog-proof': await receiptOf(chain, 1),
      'data/deposits/001/receipt.tlog-proof': await receiptOf(chain, index),
      'data/deposits/001/files/a.txt': content,
      'VERIFY.md': verifyGuide,
      policy,
    })
    const altered = { ...files, 'data/deposits/001/files/a.txt': content.replace('what', 'That') }
    for (const [all, isSound] of [
      [files, true],
      [altered, false],
    ] as const) {
      for (const deflate of [false, true]) {
        const zip = rawZip(
          Object.entries(all).map(([name, bytes]) => ({ name: `bag/${name}`, content: bytes, deflate })),
        )
        const found = [...(await judge.checkZip(base64(zip), base64(policy)))]
        expect(found).toEqual(await inNode(fileOf(zip)))
        expect(found.length === 0).toBe(isSound)
        const cut = zip.subarray(0, zip.length - 1)
        expect([...(await judge.checkZip(base64(cut), base64(policy)))]).toEqual(await inNode(fileOf(cut)))
      }
      const folder = join(path, `bag-${number++}`)
      mkdirSync(folder)
      writeFiles(folder, all)
      const dropped = Object.entries(all).map(([name, bytes]) => [name, base64(bytes)] as const)
      const found = [...(await judge.checkFolder(dropped, base64(policy)))]
      expect(found).toEqual(await inNode(folder))
      expect(found.length === 0).toBe(isSound)
    }
    expect([...(await judge.checkFolder([['../a', '']], base64(policy)))]).toEqual(['package-path'])
    const twice = [
      ['bag-info.txt', ''],
      ['BAG-INFO.txt', ''],
    ] as const
    expect([...(await judge.checkFolder(twice, base64(policy)))]).toEqual(['package-path'])
  })

  it.skipIf(lacks('openssl', 'faketime')).each(['ec', 'rsa'] as const)(
    'of a time proof below an authority with an %s key is what the command line says, sound and altered',
    async (key) => {
      const root = TestAuthority.root(join(path, key), `Root ${key}`, key)
      const stamper = root.timeStamper('Clock', { from: startMs - 100 * day, to: startMs + 30_000 * day, key })
      const leaf = leafHash(chain.bytes[0] as Uint8Array)
      const tile = new Tile()
      tile.append(leaf)
      const note = signCheckpoint({ origin, size: 1, root: rootFromTiles(1, () => tile) }, ledgerKey, ledgerSigner.sign)
      const receipt = encodeReceipt(
        { entryBytes: chain.bytes[0] as Uint8Array, signer: depositor.jwk, disclosures: [] },
        0,
        [],
        note,
      )
      const token = stamper.stamp(utf8(note), { atMs: startMs + 60_000 })
      const proofOf = (der: Uint8Array): Uint8Array =>
        encodeTimeProof({
          index: 0,
          hashes: [],
          record: newRecord(utf8(note), { algorithm: 'sha256', tokens: [der], certificates: [], crls: [root.crl()] }),
        })
      const anchors = fileOf(root.pem)
      for (const [der, isSound] of [
        [token, true],
        [flipped(token, token.length - 5), false],
        [flipped(token, Buffer.from(token).indexOf(sha256(utf8(note)))), false],
        [token.subarray(0, -1), false],
      ] as const) {
        const proof = proofOf(der)
        const found = [
          ...(await judge.checkTime(base64(proof), base64(receipt), base64(policy), base64(readFileSync(anchors)))),
        ]
        const { judgeTimeProof } = await import('../../src/check/steps/judge-time-proof.ts')
        const { parseReceipt } = await import('../../src/core/receipt.ts')
        const { parsePolicy } = await import('../../src/core/policy.ts')
        const own = await judgeTimeProof({
          path: 'p',
          bytes: proof,
          receipt: parseReceipt(utf8(receipt)),
          policy: parsePolicy(utf8(policy)),
          anchors: { path: 'a', pem: root.pem },
        })
        expect(found).toEqual('refusal' in own ? [own.refusal.code] : own.faults.map(({ code }) => code))
        expect(found.length === 0).toBe(isSound)
      }
    },
  )
})
