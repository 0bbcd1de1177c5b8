import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import {
  encodeManifest,
  manifestTree,
  parsePolicy,
  type Policy,
  toHex,
  utf8,
  verifierKey,
} from '../../src/core/index.ts'
import { composeStatement } from '../../src/evidence/index.ts'
import { randomSalt } from '../../src/node/index.ts'
import {
  checkPackage,
  type DepositInput,
  FolderBag,
  FolderSink,
  packageFiles,
  type PackageReport,
  scanningLocator,
  TreeReceipts,
  writeBag,
} from '../../src/package/index.ts'
import { depositor, ledgerKey, ledgerSigner, origin, policy, startMs, TestChain } from '../support/chain.ts'
import { temporaryFolder } from '../support/folder.ts'
import { deposit, sha256Hex, statement } from '../support/statements.ts'

const { path, remove } = temporaryFolder()
afterAll(remove)
let number = 0
const policyBytes = utf8(`log ${ledgerKey.text}\nquorum none\n`)
const iat = startMs / 1000

function chainWith(content: string): { chain: TestChain; index: number } {
  const chain = new TestChain().start()
  const index = chain.add(deposit(depositor, origin, content, { iat }).jws)
  return { chain, index }
}

async function receiptOf(chain: TestChain, index: number): Promise<Uint8Array> {
  const tree = await TreeReceipts.open(chain.seal(), policy)
  return tree.receipt(await tree.entry(index), depositor.jwk, [])
}

function input(receipt: Uint8Array, more: Partial<DepositInput> = {}): DepositInput {
  return { receipt, sidecars: new Map(), manifests: new Map(), proofs: [], files: [], ...more }
}

/** Writes a package of some deposits; where it is. */
async function pack(deposits: readonly DepositInput[], chain?: TestChain): Promise<string> {
  const tree = chain === undefined ? undefined : await TreeReceipts.open(chain.seal(), policy)
  const ledger = tree === undefined ? {} : { ledger: { tree, locate: scanningLocator(tree) } }
  const files = await packageFiles({ deposits, related: [], policy, policyBytes, digestsOnly: false, ...ledger })
  const sink = await FolderSink.create(join(path, String(number++)))
  await writeBag(sink, files)
  await sink.publish()
  return sink.part.replace(/\.part$/, '')
}

async function check(folder: string, by: Policy = policy): Promise<PackageReport> {
  return checkPackage(await FolderBag.open(folder), by)
}

const codes = ({ faults }: PackageReport): string[] => faults.map(({ code }) => code)

describe('a package', () => {
  it('shows old receipts and new admissions in one tree, by the newest receipt', async () => {
    const { chain, index } = chainWith('x')
    const old = await receiptOf(chain, index)
    chain.deposits(5)
    const report = await check(await pack([input(old)], chain))
    expect(codes(report)).toEqual([])
    expect(report.deposits[0]).toMatchObject({ size: 8, withheld: 1, admission: { state: 'shown' } })
    expect(report.notShown.join()).not.toContain('one history')
  })

  it('says where receipts and admissions have different checkpoints', async () => {
    const { chain, index } = chainWith('x')
    const old = await receiptOf(chain, index)
    chain.deposits(5)
    const folder = await pack([input(old)], chain)
    rmSync(join(folder, 'data/deposits/001/latest.tlog-proof'))
    const manifest = join(folder, 'manifest-sha256.txt')
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/.*latest.*\n/, ''))
    const report = await check(folder)
    expect(codes(report).sort()).toEqual(['package-altered', 'package-incomplete'])
    expect(report.notShown.join()).toContain('one history')
  })

  it('with two histories of one ledger is proof of that', async () => {
    const [one, two] = [chainWith('x'), chainWith('y')]
    const receipts = [await receiptOf(one.chain, one.index), await receiptOf(two.chain, two.index)]
    const report = await check(await pack(receipts.map((receipt) => input(receipt))))
    expect(codes(report)).toEqual(['consistency-invalid', 'consistency-invalid'])
    expect(report.faults[0]?.message).toContain('two roots for the size 3')
  })

  it('holds manifests with names that are no text, and names two items of the same bytes once', async () => {
    const names = [Buffer.from('a.txt'), Buffer.from([0xff, 0xfe]), Buffer.from('back\\slash')]
    const manifest = encodeManifest(names.map((name, i) => ({ sha256: sha256Hex(`content ${i % 2}`), path: name })))
    const { root, size } = manifestTree(manifest)
    const items = [
      { size: manifest.length, digest: { sha256: sha256Hex(manifest) }, tree: { root: toHex(root), size } },
      { size: 1, digest: { sha256: sha256Hex('z'), md5: 'fbade9e36a3f36d3d676c1b808451dd7' } },
    ]
    const chain = new TestChain().start()
    const index = chain.add(statement(depositor, origin, 'evidence.deposit', { items }, { iat }).jws)
    const files = names.map((name, i) => {
      const at = join(path, `content-${i}`)
      writeFileSync(at, `content ${i % 2}`)
      return { name, path: at, size: 9 }
    })
    const z = join(path, 'z')
    writeFileSync(z, 'z')
    const receipt = await receiptOf(chain, index)
    const all = [...files, { name: Buffer.from('z'), path: z, size: 1, sha256: sha256Hex('z') }]
    const report = await check(await pack([input(receipt, { manifests: new Map([[0, manifest]]), files: all })], chain))
    expect(codes(report)).toEqual([])
    expect(report.deposits[0]?.files.map(({ path: at }) => at.split('/files/')[1]).sort()).toEqual([
      'a.txt',
      'renamed/1',
      'renamed/2',
      'z',
    ])
    expect(report.deposits[0]?.withheld).toBe(0)
  })

  it('is not made of what its receipt does not name, nor of a receipt that does not hold', async () => {
    const { chain, index } = chainWith('x')
    const receipt = await receiptOf(chain, index)
    const file = join(path, 'stranger')
    writeFileSync(file, 'y')
    const stranger = { name: Buffer.from('x'), path: file, size: 1, sha256: sha256Hex('y') }
    await expect(pack([input(receipt, { files: [stranger] })])).rejects.toThrow(/not byte-identical/)
    const forged = Buffer.from(Buffer.from(receipt).toString().replace('index 2', 'index 1'))
    await expect(pack([input(forged)])).rejects.toThrow(/index/)
  })

  it('of another ledger, or with more receipts than can be held, is refused', async () => {
    const { chain, index } = chainWith('x')
    const folder = await pack([input(await receiptOf(chain, index))], chain)
    const other = parsePolicy(utf8(`log ${verifierKey('other.example/x', ledgerSigner.publicKey).text}\nquorum none\n`))
    expect(new Set(codes(await check(folder, other)))).toEqual(new Set(['receipt-other-ledger']))
    for (let i = 0; i < 3; i++) {
      const large = join(folder, 'data/admissions', `${i + 10}.tlog-proof`)
      writeFileSync(large, '')
      truncateSync(large, 200 * 1024 * 1024)
    }
    expect(codes(await check(folder))).toEqual(['package-too-large'])
  })

  it('takes no deposit for another kind’s receipt', async () => {
    const { chain, index } = chainWith('x')
    const attested = composeStatement(
      { iss: 'depositor', aud: origin, jti: '00000000-0000-4000-8000-000000000009', iat, kind: 'evidence.attest' },
      { of: chain.reference(index), as: 'witness' },
      {},
      depositor,
      randomSalt,
    )
    const at = chain.add(attested.jws)
    await expect(pack([input(await receiptOf(chain, at))])).rejects.toThrow(/deposits no file/)
  })
})
