import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { toBase64, toHex } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { leafHash } from '../../src/core/entry.ts'
import { encodeLogPolicy } from '../../src/core/policy.ts'
import { manifestTree } from '../../src/core/manifest.ts'
import { digestBytes } from '../../src/node/file-digest.ts'
import { administrator, depositor, ledgerKey, origin, startMs, TestChain } from '../support/chain.ts'
import { temporaryFolder } from '../support/folder.ts'
import { signerNamed } from '../support/signers.ts'
import { documentsOf, type Judged, judgedByAll, receiptOf, smallPackage } from '../support/small-package.ts'
import { itemFor, sha256Hex, statement } from '../support/statements.ts'
import { lacks } from '../support/system-tools.ts'

const { path, remove } = temporaryFolder()
afterAll(remove)
let number = 0

const blake3Of = (text: string): object => {
  const { digest } = digestBytes(utf8(text), ['blake3'])
  return { size: text.length, digest }
}

/** A chain whose entry 2 says this; `version` takes the place of that of the entry. */
function chainOf(kind: string, members: object, version?: string): TestChain {
  const chain = new TestChain().start()
  const index = chain.add(statement(depositor, origin, kind, members, { iat: startMs / 1000 }).jws)
  if (version !== undefined) {
    const text = Buffer.from(chain.bytes[index] as Uint8Array).toString()
    chain.bytes[index] = utf8(text.replace('evidence-ledger/entry/v1', version))
  }
  return chain.seal()
}

async function judged(
  chain: TestChain,
  files: Readonly<Record<string, string>>,
  extra?: Readonly<Record<string, string>>,
): Promise<readonly Judged[]> {
  return judgedByAll(await smallPackage(join(path, `package-${number++}`), chain, 2, files, extra))
}

const codesOf = (all: readonly Judged[]): object => Object.fromEntries(all.map(({ by, code }) => [by, code]))
const calledUnchanged = (all: readonly Judged[]): string[] =>
  all.filter(({ text }) => /unchanged/.test(text.replaceAll(/whether .* unchanged/g, ''))).map(({ by }) => by)

describe.skipIf(lacks('python3', 'python3-cryptography', 'openssl'))('of several deposits', () => {
  it('R3-L1: a retraction of one hides no compromised key of another', async () => {
    const chain = new TestChain().start()
    const second = signerNamed('second')
    const options = { iat: startMs / 1000 }
    chain.admit('second', ['depositor'], second)
    const one = chain.add(statement(depositor, origin, 'evidence.deposit', { items: [itemFor('one')] }, options).jws)
    const by = { ...options, iss: 'second' }
    const two = chain.add(statement(second, origin, 'evidence.deposit', { items: [itemFor('two')] }, by).jws)
    const of = { index: one, leafHash: toBase64(leafHash(chain.bytes[one] as Uint8Array)) }
    const taken = chain.add(statement(depositor, origin, 'evidence.retract', { of, reason: 'mistake' }, options).jws)
    const compromisedSince = new Date(startMs).toISOString()
    const members = { participant: 'second', reason: 'compromised', compromisedSince }
    const admin = { ...options, iss: 'administrator' }
    const ended = chain.add(statement(administrator, origin, 'participant.revoke', members, admin).jws)
    chain.seal()
    const root = await smallPackage(
      join(path, 'several'),
      chain,
      one,
      {},
      {
        'data/admissions/2.tlog-proof': await receiptOf(chain, 2, administrator.jwk),
        'data/admissions/6.tlog-proof': await receiptOf(chain, ended, administrator.jwk),
        'data/deposits/002/receipt.tlog-proof': await receiptOf(chain, two, second.jwk),
        'data/related/5.tlog-proof': await receiptOf(chain, taken),
      },
    )
    const all = await judgedByAll(root)
    expect(codesOf(all)).toEqual({ evidence: 0, python: 0, 'VERIFY.md': 0 })
    for (const { by: judge, text } of all) {
      const [first, next] = text.split('\n')
      expect([judge, first]).toEqual([judge, expect.stringMatching(/^RETRACTED: entry 3 /)])
      expect([judge, next]).toEqual([judge, expect.stringMatching(/^KEY COMPROMISED: entry 4 /)])
    }
    for (const document of await documentsOf(root))
      expect(document).toMatchObject({
        standing: 'retracted',
        deposits: [{ standing: 'retracted' }, { standing: 'key-compromised' }],
      })
  })

  it('R8: says in one order what comes first: retracted, key compromised, part retracted, not judged', async () => {
    const chain = new TestChain().start()
    const second = signerNamed('second')
    const options = { iat: startMs / 1000 }
    chain.admit('second', ['depositor'], second)
    const made = (who: typeof second, iss: string, content: string): number =>
      chain.add(statement(who, origin, 'evidence.deposit', { items: [itemFor(content)] }, { ...options, iss }).jws)
    const one = made(depositor, 'depositor', 'one')
    const two = made(second, 'second', 'two')
    const referenceTo = (index: number): object => ({
      index,
      leafHash: toBase64(leafHash(chain.bytes[index] as Uint8Array)),
    })
    const retract = (who: typeof second, iss: string, of: object): ReturnType<typeof statement> =>
      statement(who, origin, 'evidence.retract', { of, reason: 'mistake' }, { ...options, iss })
    const part = chain.add(retract(depositor, 'depositor', { ...referenceTo(one), item: 0 }).jws)
    const whole = chain.add(retract(depositor, 'depositor', referenceTo(one)).jws)
    const open = chain.add(ofUnknownAlg(retract(second, 'second', referenceTo(two))))
    const members = { participant: 'second', reason: 'compromised', compromisedSince: new Date(startMs).toISOString() }
    const ended = chain.add(
      statement(administrator, origin, 'participant.revoke', members, { ...options, iss: 'administrator' }).jws,
    )
    chain.seal()
    const root = await smallPackage(
      join(path, 'order'),
      chain,
      one,
      {},
      {
        'data/admissions/2.tlog-proof': await receiptOf(chain, 2, administrator.jwk),
        'data/admissions/revoked.tlog-proof': await receiptOf(chain, ended, administrator.jwk),
        'data/deposits/002/receipt.tlog-proof': await receiptOf(chain, two, second.jwk),
        'data/related/part.tlog-proof': await receiptOf(chain, part),
        'data/related/whole.tlog-proof': await receiptOf(chain, whole),
        'data/related/open.tlog-proof': await receiptOf(chain, open, second.jwk),
      },
    )
    for (const { by: judge, text } of await judgedByAll(root)) {
      const words = text
        .split('\n')
        .map((line) => /^(?:RETRACTED|KEY COMPROMISED|PART RETRACTED|NOT JUDGED: that)/.exec(line)?.[0])
      const first = words.slice(0, words.indexOf(undefined))
      expect([judge, [...new Set(first)]]).toEqual([
        judge,
        ['RETRACTED', 'KEY COMPROMISED', 'PART RETRACTED', 'NOT JUDGED: that'],
      ])
      const changes = first.filter((word, i) => word !== first[i - 1])
      expect([judge, changes.length]).toEqual([judge, 4])
    }
  })

  it('R3-L2: a file whose path ends in a listed name, but is another, is shown with the name that it was listed under', async () => {
    const names = { names: ['a.txt'] }
    const chain = new TestChain().start()
    const items = [itemFor('content')]
    const made = statement(depositor, origin, 'evidence.deposit', { items }, { iat: startMs / 1000, sealed: names })
    const index = chain.add(made.jws)
    chain.disclosed.set(
      index,
      made.disclosures.map(({ text }) => text),
    )
    for (const name of ['found at the suspect flat/a.txt', 'a.txt']) {
      const [ours] = await judged(chain.seal(), { [`files/${name}`]: 'content' })
      const listed = name === 'a.txt' ? '' : ' (listed as a.txt)'
      expect(ours?.text).toContain(`unchanged  files/${name}${listed}\n`)
    }
  })
})

describe.skipIf(lacks('python3', 'python3-cryptography', 'openssl'))('of what a verifier cannot judge', () => {
  it('R3-H7: a file under a digest that cannot be computed is not called unchanged', async () => {
    const chain = chainOf('evidence.deposit', { items: [blake3Of('content')] })
    const genuine = await judged(chain, { 'files/a.txt': 'content' })
    expect(codesOf(genuine)).toEqual({ evidence: 0, python: 4, 'VERIFY.md': 4 })
    expect(calledUnchanged(genuine)).toEqual(['evidence'])
    const altered = await judged(chain, { 'files/a.txt': 'CONTENT' })
    expect(codesOf(altered)).toEqual({ evidence: 1, python: 4, 'VERIFY.md': 4 })
    expect(calledUnchanged(altered)).toEqual([])
    expect(altered[1]?.text).toMatch(/^ {2}not judged: whether what is here \(1 file in the package\)/m)
    expect(altered[2]?.text).toContain('  not judged: data/deposits/001/files/a.txt')
  })

  it('R3-H8: a file under two digests, one of them not computable, is not judged where the other agrees', async () => {
    const { digest } = blake3Of('content') as { digest: object }
    const item = { size: 7, digest: { ...itemFor('content').digest, ...digest } }
    const chain = chainOf('evidence.deposit', { items: [item] })
    expect(codesOf(await judged(chain, { 'files/a.txt': 'content' }))).toEqual({
      evidence: 0,
      python: 4,
      'VERIFY.md': 4,
    })
    expect(codesOf(await judged(chain, { 'files/a.txt': 'CONTENT' }))).toEqual({
      evidence: 1,
      python: 1,
      'VERIFY.md': 1,
    })
  })

  it.each<[string, TestChain]>([
    ['of a kind', chainOf('evidence.deposit2', { items: [itemFor('content')] })],
    [
      'in an entry of a version',
      chainOf('evidence.deposit', { items: [itemFor('content')] }, 'evidence-ledger/entry/v2'),
    ],
  ])(
    'R3-H8: a deposit %s that they do not know is no fault, and nothing of it is called unchanged',
    async (_, chain) => {
      for (const extra of [{}, { 'withheld-sha256.txt': `${'0'.repeat(64)}  data/deposits/001/files/b.txt\n` }]) {
        const all = await judged(chain, { 'files/a.txt': 'content' }, extra)
        expect(codesOf(all)).toEqual({ evidence: 4, python: 4, 'VERIFY.md': 4 })
        expect(calledUnchanged(all)).toEqual([])
        for (const { text } of all) expect(text).not.toContain('FAULT')
      }
    },
  )

  it.each([
    ['package', 'bag-info.txt', 'Evidence-Package-Version: 2\nBagging-Date: later\n'],
    ['BagIt', 'bagit.txt', 'BagIt-Version: 2.0\nTag-File-Character-Encoding: UTF-8\n'],
  ])('R3-H8: another version of %s is not judged', async (_, name, text) => {
    const chain = chainOf('evidence.deposit', { items: [itemFor('content')] })
    const all = await judged(chain, { 'files/a.txt': 'content' }, { [name]: text })
    expect(codesOf(all)).toEqual({ evidence: 4, python: 4, 'VERIFY.md': 4 })
  })

  it('R3-L3: whether a path is another on some disk is not judged where Unicode has its characters only later', async () => {
    const chain = chainOf('evidence.deposit', { items: [itemFor('content')] })
    // U+0378 is none yet; U+FDD0 never will be.
    const all = await judged(chain, { 'files/\u0378.txt': 'content' })
    expect(codesOf(all)).toEqual({ evidence: 4, python: 4, 'VERIFY.md': 4 })
    for (const { text } of all) expect(text).toMatch(/path.* on some disk/)
    const never = await judged(chain, { 'files/\ufdd0.txt': 'content' })
    expect(codesOf(never)).toEqual({ evidence: 0, python: 0, 'VERIFY.md': 0 })
    // A pair of Unicode 16: whoever knows it calls it one file, and who does not, does not judge.
    const items = { items: [itemFor('content'), itemFor('other')] }
    const pair = await judged(chainOf('evidence.deposit', items), {
      'files/\u1c89': 'content',
      'files/\u1c8a': 'other',
    })
    for (const { by, code } of pair) expect([by, code === 1 || code === 4]).toEqual([by, true])
  })

  it('R3-H7: what a faulty receipt names is not called unchanged', async () => {
    const chain = chainOf('evidence.deposit', { items: [itemFor('content')] })
    chain.note = chain.note.replace(/\n— [^\n]*\n$/, '\n— someone.example/else AAAAAAAA\n')
    const all = await judged(chain, { 'files/a.txt': 'content' })
    expect(codesOf(all)).toEqual({ evidence: 1, python: 1, 'VERIFY.md': 1 })
    expect(calledUnchanged(all)).toEqual([])
  })
})

/** The JWS of a statement under an `alg` that none of the three knows: whatever stands as its signature, it is not judged. */
function ofUnknownAlg({ jws }: { readonly jws: string }): string {
  const [header = '', ...rest] = jws.split('.')
  const members = JSON.parse(Buffer.from(header, 'base64url').toString()) as object
  return [Buffer.from(JSON.stringify({ ...members, alg: 'ML-DSA-44' })).toString('base64url'), ...rest].join('.')
}

const ofNow = { iat: startMs / 1000 }

/** What a deposit says with a manifest of one file as its item, whose BLAKE3 is right or wrong; and the manifest. */
function listed(text: string, blake3: string | undefined): { readonly items: object[]; readonly manifest: string } {
  const manifest = `${sha256Hex(text)}  a.txt\n`
  const tree = manifestTree(utf8(manifest))
  const { digest } = digestBytes(utf8(manifest), ['sha256', 'blake3'])
  const item = { size: manifest.length, digest: { ...digest, ...(blake3 === undefined ? {} : { blake3 }) } }
  return { items: [{ ...item, tree: { root: toHex(tree.root), size: tree.size } }], manifest }
}

const openTo4 = { evidence: 4, python: 4, 'VERIFY.md': 4 }

describe.skipIf(lacks('python3', 'python3-cryptography', 'openssl'))('R7 F4: what rests on what is not judged', () => {
  it('R7 F4: of a deposit whose signature is not judged nothing is called unchanged, and nobody is said to have signed', async () => {
    const chain = new TestChain().start()
    const items = [itemFor('content')]
    chain.add(ofUnknownAlg(statement(depositor, origin, 'evidence.deposit', { items }, ofNow)))
    const all = await judged(chain.seal(), { 'files/a.txt': 'content' })
    expect(codesOf(all)).toEqual(openTo4)
    expect(calledUnchanged(all)).toEqual([])
    for (const { by, text } of all) {
      expect([by, /^ *signed by/m.test(text)]).toEqual([by, false])
      expect([by, /not judged.*(?:files\/a\.txt|1 file)/.test(text)]).toEqual([by, true])
    }
    const [ours, theirs] = await documentsOf(join(path, `package-${number - 1}`))
    expect(ours).toMatchObject({
      standing: null,
      deposits: [{ standing: null, files: [{ ok: false, notJudged: true }] }],
    })
    expect(theirs).toMatchObject({ standing: null, deposits: [{ standing: null }] })
    // What its items say of another file holds by whatever signature.
    expect(codesOf(await judged(chain, { 'files/a.txt': 'CONTENT' }))).toEqual({
      evidence: 1,
      python: 1,
      'VERIFY.md': 1,
    })
  })

  it('R7 F4: no file is held against a manifest that is not judged, and none called unchanged', async () => {
    const { items, manifest } = listed('content', '00'.repeat(32))
    const chain = chainOf('evidence.deposit', { items })
    const files = { 'files/a.txt': 'content', 'manifests/0.evidence-manifest': manifest }
    const wrong = await judged(chain, files)
    expect(codesOf(wrong)).toEqual({ evidence: 1, python: 4, 'VERIFY.md': 4 })
    expect(calledUnchanged(wrong)).toEqual([])
    expect(wrong[2]?.text).toContain('  not judged: data/deposits/001/files/a.txt')
    const right = listed('content', undefined)
    const withheld = { 'withheld-sha256.txt': `${sha256Hex('other')}  data/deposits/001/files/b.txt\n` }
    const other = await judged(
      chainOf('evidence.deposit', { items: right.items }),
      { 'files/a.txt': 'other', 'manifests/0.evidence-manifest': right.manifest },
      withheld,
    )
    expect(codesOf(other)).toEqual({ evidence: 1, python: 4, 'VERIFY.md': 4 })
    expect(calledUnchanged(other)).toEqual([])
  })

  it('R7 F4: under a receipt that is not judged no file is held against the manifest', async () => {
    const manifest = `${sha256Hex('content')}  a.txt\n`
    const tree = manifestTree(utf8(manifest))
    const items = [{ ...itemFor(manifest), tree: { root: toHex(tree.root), size: tree.size } }]
    const chain = new TestChain().start()
    chain.add(ofUnknownAlg(statement(depositor, origin, 'evidence.deposit', { items }, ofNow)))
    chain.seal()
    for (const text of ['content', 'other']) {
      const all = await judged(chain, { 'files/a.txt': text, 'manifests/0.evidence-manifest': manifest })
      expect(codesOf(all)).toEqual(openTo4)
      expect(calledUnchanged(all)).toEqual([])
    }
  })

  it('R7 F4: a retraction, an attestation and a compromise whose signatures are not judged are told as not judged', async () => {
    const chain = new TestChain().start()
    const items = [itemFor('content')]
    const one = chain.add(statement(depositor, origin, 'evidence.deposit', { items }, ofNow).jws)
    const of = { index: one, leafHash: toBase64(leafHash(chain.bytes[one] as Uint8Array)) }
    const taken = chain.add(
      ofUnknownAlg(statement(depositor, origin, 'evidence.retract', { of, reason: 'mistake' }, ofNow)),
    )
    const attested = chain.add(
      ofUnknownAlg(statement(depositor, origin, 'evidence.attest', { of, as: 'inspected' }, ofNow)),
    )
    const compromisedSince = new Date(startMs).toISOString()
    const members = { participant: 'depositor', reason: 'compromised', compromisedSince }
    const ended = chain.add(
      ofUnknownAlg(statement(administrator, origin, 'participant.revoke', members, { ...ofNow, iss: 'administrator' })),
    )
    chain.seal()
    const root = await smallPackage(
      join(path, 'not-judged-later'),
      chain,
      one,
      { 'files/a.txt': 'content' },
      {
        'data/admissions/revoked.tlog-proof': await receiptOf(chain, ended, administrator.jwk),
        'data/related/retracted.tlog-proof': await receiptOf(chain, taken),
        'data/related/attested.tlog-proof': await receiptOf(chain, attested),
      },
    )
    const all = await judgedByAll(root)
    expect(codesOf(all)).toEqual(openTo4)
    for (const { by, text } of all) {
      expect([by, /^(?:PART )?RETRACTED|^KEY COMPROMISED/m.test(text)]).toEqual([by, false])
      expect([by, /^NOT JUDGED: that entry 2 .*was retracted by its depositor, by entry 3/m.test(text)]).toEqual([
        by,
        true,
      ])
      expect([by, /^NOT JUDGED: that entry 2 .*compromised/m.test(text)]).toEqual([by, true])
      expect([by, /not judged: .*attest/.test(text)]).toEqual([by, true])
    }
    for (const document of await documentsOf(root))
      expect(document).toMatchObject({ standing: null, deposits: [{ standing: null }] })
  })

  it('R7 F4: a key whose admission is not judged was admitted by nobody', async () => {
    const chain = new TestChain().start()
    const second = signerNamed('second')
    const participant = { id: 'second', type: 'organisation', roles: ['depositor'], keys: [second.jwk] }
    const by = { ...ofNow, iss: 'administrator' }
    const admitted = chain.add(ofUnknownAlg(statement(administrator, origin, 'participant.admit', { participant }, by)))
    const made = statement(
      second,
      origin,
      'evidence.deposit',
      { items: [itemFor('content')] },
      { ...ofNow, iss: 'second' },
    )
    const index = chain.add(made.jws)
    chain.seal()
    const root = await smallPackage(
      join(path, 'not-judged-admission'),
      chain,
      index,
      {},
      {
        'data/admissions/2.tlog-proof': await receiptOf(chain, admitted, administrator.jwk),
        'data/deposits/001/receipt.tlog-proof': await receiptOf(chain, index, second.jwk),
      },
    )
    const all = await judgedByAll(root)
    expect(codesOf(all)).toEqual(openTo4)
    for (const { by: judge, text } of all) {
      expect([judge, /admitted as/.test(text)]).toEqual([judge, false])
      expect([judge, /NOT SHOWN/.test(text)]).toEqual([judge, true])
    }
  })

  it('R8: a key whose admission rests on a quorum that is not judged is told as not judged', async () => {
    const chain = new TestChain().start()
    const made = statement(depositor, origin, 'evidence.deposit', { items: [itemFor('content')] }, ofNow)
    const index = chain.add(made.jws)
    const sealed = Buffer.from(await chain.seal().checkpoint()).toString()
    // A witness by a key of a type that no version knows: its cosignature is there, and may be good.
    const cosigned = `${sealed}\u2014 w.example/1 ${toBase64(Buffer.concat([Buffer.from('deadbeef', 'hex'), Buffer.alloc(64)]))}\n`
    const vkey = `w.example/1+deadbeef+${toBase64(Buffer.concat([Buffer.from([0x55]), Buffer.alloc(32, 1)]))}`
    const packed = async (name: string, note: string, quorum: string): Promise<[string, string]> => {
      chain.checkpoint = () => Promise.resolve(utf8(note))
      const policy = encodeLogPolicy(ledgerKey).replace(/^quorum .*$/m, `witness w ${vkey}\nquorum ${quorum}`)
      return [await smallPackage(join(path, name), chain, index, {}, { policy }), policy]
    }
    const told = async (name: string, note: string, quorum: string): Promise<object> => {
      const [root, policy] = await packed(name, note, quorum)
      const all = (await judgedByAll(root, policy)).filter(({ by }) => by !== 'VERIFY.md')
      const claims = (text: string): string[] => text.split('\n').filter((line) => /admitted as/.test(line))
      return Object.fromEntries(
        all.map(({ by, code, text }) => [
          by,
          [code, claims(text).length > 0, claims(text).filter((line) => !/NOT JUDGED: that/.test(line))],
        ]),
      )
    }
    expect(await told('open-quorum', cosigned, 'w')).toEqual({ evidence: [4, true, []], python: [4, true, []] })
    const [ours, theirs] = await documentsOf(...(await packed('open-quorum-json', cosigned, 'w')))
    expect(ours).toMatchObject({ deposits: [{ admission: { state: 'not-judged', path: [1, 0] } }] })
    expect(theirs).toMatchObject({ admissionsShown: 0 })
    expect(await told('no-quorum', cosigned, 'none')).toEqual({
      evidence: [0, true, expect.arrayContaining([expect.stringContaining('admitted as depositor')])],
      python: [0, true, expect.arrayContaining([expect.stringContaining('admitted as depositor')])],
    })
  })
})
