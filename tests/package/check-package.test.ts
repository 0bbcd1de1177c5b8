import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { timeJudge } from '../../src/check/node/time.ts'
import { toHex } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { encodeManifest, manifestTree } from '../../src/core/manifest.ts'
import { verifierKey } from '../../src/core/note.ts'
import { encodeLogPolicy, parsePolicy, type Policy } from '../../src/core/policy.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { composeStatement } from '../../src/statements/compose.ts'
import { randomSalt } from '../../src/node/key-file.ts'
import { scanningLocator } from '../../src/package/admission-receipts.ts'
import { writeBag } from '../../src/package/node/bag-writer.ts'
import { checkPackage } from '../../src/package/check-package.ts'
import { FolderBag } from '../../src/package/node/folder-bag.ts'
import { FolderSink } from '../../src/package/node/folder-sink.ts'
import { type DepositInput, packageFiles } from '../../src/package/make-package.ts'
import type { PackageReport } from '../../src/package/package-report.ts'
import type { ReceiptInput } from '../../src/package/sound-receipt.ts'
import { depositor, ledgerKey, ledgerSigner, origin, policy, startMs, TestChain } from '../support/chain.ts'
import { temporaryFolder } from '../support/folder.ts'
import { signerNamed } from '../support/signers.ts'
import { deposit, sha256Hex, statement } from '../support/statements.ts'
import { lacks } from '../support/system-tools.ts'
import { day, TestAuthority } from '../support/time-authority.ts'
import { newRecord } from '../../src/timestamp/record.ts'
import { stampedBytes } from '../../src/timestamp/node/stamper.ts'
import { encodeTimeProof } from '../../src/timestamp/time-proof.ts'
import { LogView } from '../../src/log/view.ts'
import { bagFiles, writeFiles } from '../support/bag.ts'

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

/** The ledger's next key, and the policy that names it alone. */
const nextSigner = signerNamed('the ledger’s next key')
const nextKey = verifierKey(origin, nextSigner.publicKey)
const nextPolicy = parsePolicy(utf8(encodeLogPolicy(nextKey)))

async function receiptOf(chain: TestChain, index: number): Promise<Uint8Array> {
  const tree = await LogView.verified(chain.seal(), policy)
  return tree.receipt(await tree.entry(index), depositor.jwk, [])
}

function input(receipt: Uint8Array, more: Partial<DepositInput> = {}): DepositInput {
  return { receipt, sidecars: new Map(), manifests: new Map(), proofs: [], files: [], ...more }
}

/** Writes a package of some deposits; where it is. */
async function pack(
  deposits: readonly DepositInput[],
  chain?: TestChain,
  { by = policy, related = [] as ReceiptInput[] } = {},
): Promise<string> {
  // A chain that was sealed for another policy is taken as it is.
  const tree = chain === undefined ? undefined : await LogView.verified(by === policy ? chain.seal() : chain, by)
  const ledger = tree === undefined ? {} : { ledger: { tree, locate: scanningLocator(tree) } }
  const files = await packageFiles({
    deposits,
    related,
    policy: by,
    policyBytes,
    digestsOnly: false,
    packed: '2026-11-26',
    ...ledger,
  })
  const sink = await FolderSink.create(join(path, String(number++)))
  await writeBag(sink, files)
  await sink.publish()
  return sink.part.replace(/\.part$/, '')
}

async function check(folder: string, by: Policy = policy, anchors?: string): Promise<PackageReport> {
  return checkPackage(await FolderBag.open(folder), by, { judgeTime: timeJudge(anchors) })
}

/** The same package with files changed, and manifests made to fit. */
function forge(folder: string, change: (files: Record<string, Buffer | string>) => void): string {
  const files: Record<string, Buffer | string> = {}
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const whole = join(entry.parentPath, entry.name)
    const name = whole.slice(folder.length + 1)
    if (entry.isFile() && !/^(?:tag)?manifest-|^bag-info/.test(name)) files[name] = readFileSync(whole)
  }
  change(files)
  return writeFiles(join(path, `forged-${number++}`), bagFiles(files))
}

const codes = ({ faults }: PackageReport): string[] => faults.map(({ code }) => code)

describe('a package', () => {
  it('shows old receipts and new admissions in one tree, by the newest receipt', async () => {
    const { chain, index } = chainWith('x')
    const old = await receiptOf(chain, index)
    chain.deposits(5)
    const report = await check(await pack([input(old)], chain))
    expect(codes(report)).toEqual([])
    expect(report.deposits[0]).toMatchObject({
      size: 8,
      deposited: 1,
      missing: [{ name: 'item 0' }],
      admission: { state: 'shown' },
    })
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
    expect(report.deposits[0]).toMatchObject({ deposited: 4, missing: [], unnamed: 0 })
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

describe('a package made after the ledger’s key was rotated', () => {
  const beside = 'data/deposits/001/receipt.key-transition'

  async function rotated(
    content = 'x',
  ): Promise<{ chain: TestChain; old: Uint8Array; related: Uint8Array; index: number }> {
    const { chain, index } = chainWith(content)
    const of = chain.reference(index)
    const at = chain.add(statement(depositor, origin, 'evidence.attest', { of, as: 'witness' }, { iat }).jws)
    const [old, related] = [await receiptOf(chain, index), await receiptOf(chain, at)]
    chain.deposits(3)
    chain.seal(nextSigner, nextKey)
    return { chain, old, related, index }
  }

  it('shows what an older receipt holds by the new policy alone', async () => {
    const { chain, old, related } = await rotated()
    const options = { by: nextPolicy, related: [{ receipt: related, sidecars: new Map() }] }
    const folder = await pack([input(old)], chain, options)
    const report = await check(folder, nextPolicy)
    expect(codes(report)).toEqual([])
    expect(report.deposits[0]).toMatchObject({ size: 7, admission: { state: 'shown' } })
    expect(report.related).toMatchObject([{ size: 7, admission: { state: 'shown' } }])
    expect(report.notShown.join()).not.toContain('one history')
    expect(readdirSync(join(folder, 'data/related'))).toEqual(['1.key-transition', '1.tlog-proof'])
    // A holder of the earlier policy alone gets a fault.
    expect(new Set(codes(await check(folder)))).toEqual(new Set(['checkpoint-untrusted']))
  })

  it('needs the transition, whole, and of this history', async () => {
    const { chain, old } = await rotated()
    const folder = await pack([input(old)], chain, { by: nextPolicy })
    const judged = async (change: (files: Record<string, Buffer | string>) => unknown): Promise<string[]> =>
      codes(await check(forge(folder, change), nextPolicy))
    expect(await judged(() => {})).toEqual([])
    expect(await judged((files) => delete files[beside])).toEqual(['checkpoint-untrusted'])
    expect(await judged((files) => (files[beside] = 'evidence-ledger/key-transition/v1\n'))).toEqual([
      'transition-malformed',
      'checkpoint-untrusted',
    ])
    expect(await judged((files) => (files[beside] = String(files[beside]).replace('from 4', 'from 3')))).toEqual([
      'consistency-invalid',
    ])
    expect(await judged((files) => (files['data/deposits/001/strange.key-transition'] = 'x'))).toEqual([
      'package-malformed',
    ])
  })

  it('is not made where the older receipt is of another history, nor without the tree', async () => {
    const [one, two] = [await rotated('x'), await rotated('y')]
    await expect(pack([input(one.old)], two.chain, { by: nextPolicy })).rejects.toThrow(/does not lead/)
    await expect(pack([input(one.old)], undefined, { by: nextPolicy })).rejects.toThrow(/sign/)
  })

  it('keeps a transition that its holder has, if it still leads to the policy’s key', async () => {
    const { chain, old } = await rotated()
    const first = readFileSync(join(await pack([input(old)], chain, { by: nextPolicy }), beside))
    const sidecars = new Map([['.key-transition', first] as const])
    const without = await pack([input(old, { sidecars })], undefined, { by: nextPolicy })
    expect(readFileSync(join(without, beside)).equals(first)).toBe(true)
    const lastSigner = signerNamed('the ledger’s last key')
    const lastKey = verifierKey(origin, lastSigner.publicKey)
    const by = parsePolicy(utf8(encodeLogPolicy(lastKey)))
    const again = await pack([input(old, { sidecars })], chain.deposits(1).seal(lastSigner, lastKey), { by })
    expect(codes(await check(again, by))).toEqual([])
  })
})

describe.skipIf(lacks('openssl', 'faketime'))('a time proof in a package', () => {
  const { path: place, remove: clear } = temporaryFolder()
  afterAll(clear)
  const time = 'data/deposits/001/receipt.time-proof'
  const anchors = join(place, 'anchors.pem')
  let root: TestAuthority

  /** A deposit whose checkpoint was stamped when it was made. */
  async function stamped(atMs = startMs + 60_000): Promise<{ chain: TestChain; deposit: DepositInput }> {
    root ??= TestAuthority.root(place, 'Root')
    writeFileSync(anchors, root.pem)
    const { chain, index } = chainWith('x')
    const receipt = await receiptOf(chain, index)
    const { bytes } = stampedBytes(chain.note)
    const stamper = root.timeStamper('Clock', { from: startMs - 100 * day, to: startMs + 3000 * day })
    const layer = { algorithm: 'sha256', certificates: [], crls: [] } as const
    const record = newRecord(bytes, { ...layer, tokens: [stamper.stamp(bytes, { atMs })] })
    const { hashes } = parseReceipt(receipt).proof
    const sidecars = new Map([['.time-proof', encodeTimeProof({ index, hashes, record })] as const])
    return { chain, deposit: input(receipt, { sidecars }) }
  }

  it('says by when the entry existed, and on whose word', async () => {
    const { chain, deposit: one } = await stamped()
    const folder = await pack([one], chain)
    const report = await check(folder, policy, anchors)
    expect(codes(report)).toEqual([])
    expect(report.unjudged).toEqual([])
    expect(report.deposits[0]?.times[0]?.lines.join()).toMatch(/^existed no later than 2026-11-01T08:01:0.*word of/)
    expect(report.notShown.join()).toContain('Whether a certificate that the time stamp rests on was revoked')
    const bare = await check(folder)
    expect(codes(bare)).toEqual([])
    expect(bare.deposits[0]?.times[0]?.lines.join()).toContain('which is not verified')
    expect(bare.deposits[0]?.times[0]?.document).toMatchObject({ path: time, verified: false })
    expect(bare.notShown.join()).toContain('no trust anchor was given')
  })

  it('is a fault where it does not hold', async () => {
    const { chain, deposit: one } = await stamped()
    const folder = await pack([one], chain)
    const judged = async (change: (files: Record<string, Buffer | string>) => unknown): Promise<string[]> =>
      codes(await check(forge(folder, change), policy, anchors))
    expect(await judged((files) => (files[time] = 'a time stamp'))).toEqual(['time-proof-malformed'])
    expect(await judged((files) => (files[time] = String(files[time]).replace('index 2', 'index 1')))).toContain(
      'time-proof-foreign',
    )
    expect(await judged((files) => (files['data/admissions/1.time-proof'] = files[time] as Buffer))).toEqual([
      'time-proof-foreign',
    ])
    const early = await stamped(startMs - day)
    expect(codes(await check(await pack([early.deposit], early.chain), policy, anchors))).toContain(
      'time-stamp-before-entry',
    )
    const others = join(place, 'others.pem')
    writeFileSync(others, TestAuthority.root(place, 'Others').pem)
    expect(codes(await check(folder, policy, others))).toEqual(['time-stamp-untrusted'])
    const unable = await checkPackage(await FolderBag.open(folder), policy)
    expect([codes(unable), unable.unjudged.map(({ code }) => code)]).toEqual([[], ['not-judged']])
  })

  it('that is older than the ledger’s present key counts as before', async () => {
    const { chain, deposit: one } = await stamped()
    chain.deposits(2).seal(nextSigner, nextKey)
    const report = await check(await pack([one], chain, { by: nextPolicy }), nextPolicy, anchors)
    expect(codes(report)).toEqual([])
    expect(report.deposits[0]?.times[0]?.lines.join()).toContain('existed no later than 2026-11-01')
  })
})
