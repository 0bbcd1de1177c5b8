import { existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serialize } from 'node:v8'
import { toBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { sha256 } from '../../src/core/hash.ts'
import { encodeNote } from '../../src/core/note.ts'
import { readKeyFile } from '../../src/node/key-file.ts'
import { copyableRegistry } from '../../src/statements/registry.ts'
import { emptyChain } from '../../src/ledger/chain-state.ts'
import type { Published } from '../../src/ledger/sequencer.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { readStateSnapshot, SavedState, worthSaving } from '../../src/ledger/state-snapshot.ts'
import { readOwnKey } from '../../src/ledger/data-folder.ts'
import { everLetRead, isLetRead } from '../../src/ledger/access/reading.ts'
import type { Outcome } from '../../src/ledger/group.ts'
import { releaseBy, transferMembers } from '../support/custody.ts'
import { copyFolder, type TestFolder, trialFolder } from '../support/folder.ts'
import { signerNamed } from '../support/signers.ts'
import { itemFor, statement, type StatementOptions } from '../support/statements.ts'
import type { Signer } from '../../src/statements/compose.ts'

/* What opening goes on from: a signed state, which is passed over where anything is wrong with it. */
describe('the snapshot of the state', () => {
  let test: TestFolder
  let ledger: Ledger
  beforeEach(async () => {
    test = await trialFolder({ reading: 'participants' })
    ledger = await test.open()
  })
  afterEach(async () => {
    await ledger.close()
    test.remove()
  })

  const reopen = async (): Promise<void> => {
    await ledger.close()
    ledger = await test.open()
  }

  async function say(
    signer: Signer,
    iss: string,
    kind: string,
    members: object,
    sealed: StatementOptions['sealed'] = {},
  ): Promise<Outcome> {
    return ledger.deposit(statement(signer, test.origin, kind, members, { iss, sealed }).presentation)
  }

  /** Rules of access until a snapshot is worth its writing; gives the deposit and the last entry. */
  async function grants(count: number, to: string): Promise<Outcome> {
    const made = await say(test.depositor, 'depositor', 'evidence.deposit', { items: [itemFor('x')] }, { note: 'n' })
    const of = [{ index: made.index, leafHash: toBase64(made.leafHash) }]
    const terms = (rule: string): object => ({ rule, of, to: [to], basis: 'b' })
    const texts = Array.from({ length: count }, (_, i) => {
      const sealed = { terms: terms(i % 2 === 0 ? 'grant' : 'end') as never }
      return statement(test.depositor, test.origin, 'access.rule', {}, { iss: 'depositor', sealed }).presentation
    })
    for (let at = 0; at < texts.length; at += 500) {
      const submissions = await ledger.authenticateMany(texts.slice(at, at + 500))
      const outcomes = await ledger.submitMany(submissions as never)
      expect(outcomes.filter((one) => one instanceof Error)).toEqual([])
    }
    return made
  }

  const admit = (id: string): Promise<Outcome> =>
    say(test.administrator, 'administrator', 'participant.admit', {
      participant: { id, type: 'organisation', roles: ['attestor'], keys: [signerNamed(id).jwk] },
    })
  const reads = (id: string, { index }: Outcome): boolean => isLetRead(ledger.standing, id, index)
  const snapshot = () => readStateSnapshot(test.folder.state, [readOwnKey(test.folder)])

  it('is written at the end where it spares enough, is its owner’s alone, and gives what judging all again gives', async () => {
    await admit('lab')
    const made = await grants(worthSaving + 1, 'lab')
    const { registry, access } = ledger.standing
    expect(reads('lab', made)).toBe(true)
    await reopen()
    expect(statSync(test.folder.state).mode & 0o777).toBe(0o600)
    const { size } = ledger.reads
    expect(snapshot()).toMatchObject({ size, checksum: { count: worthSaving + 4 } })
    expect(reads('lab', made)).toBe(true)
    expect([...ledger.standing.registry.keys]).toEqual([...registry.keys])
    // Later entries are judged on it, and it is of no smaller ledger.
    await admit('other')
    rmSync(test.folder.state)
    await reopen()
    expect(existsSync(test.folder.state)).toBe(true)
    expect([...ledger.standing.access.rules]).toEqual([...access.rules])
    expect(reads('lab', made)).toBe(true)
  })

  it('is written meanwhile by a ledger that runs, so that one that was killed is not judged anew from its beginning', async () => {
    await admit('lab')
    const made = await grants(5600, 'lab')
    await expect.poll(() => snapshot()?.checksum.count).toBeGreaterThanOrEqual(5000)
    const killed = `${test.root}.killed`
    copyFolder(test.root, killed)
    const readsThen = reads('lab', made)
    await ledger.close()
    rmSync(test.root, { recursive: true })
    copyFolder(killed, test.root)
    rmSync(killed, { recursive: true })
    const before = statSync(test.folder.state).size
    ledger = await test.open()
    expect(reads('lab', made)).toBe(readsThen)
    // It went on from that one: too few came since for another.
    expect(statSync(test.folder.state).size).toBe(before)
  })

  it('that is being signed when terms are to be erased is not written after', async () => {
    let begun = (): void => {}
    let end = (_signature: Uint8Array): void => {}
    const isBegun = new Promise<void>((resolve) => (begun = resolve))
    const signature = new Promise<Uint8Array>((resolve) => (end = resolve))
    const sign = (): Promise<Uint8Array> => {
      begun()
      return signature
    }
    const path = `${test.root}.state`
    const saving = new SavedState(path, { key: readOwnKey(test.folder), sign }, 0)
    const { checksum, ...rest } = emptyChain(test.origin)
    const durable = (count: number): Published => ({
      state: { ...rest, checksum: { ...checksum, count } },
      note: ledger.reads.checkpoint,
    })
    saving.saveMeanwhile(durable(100_000))
    await isBegun
    saving.drop()
    end(new Uint8Array(64))
    await saving.close(durable(0))
    expect(existsSync(path)).toBe(false)
  })

  it('is not written for a few entries', async () => {
    await admit('lab')
    await reopen()
    expect(existsSync(test.folder.state)).toBe(false)
  })

  it('is passed over where a byte of it is another, where it is of another ledger, and where it is cut off', async () => {
    await admit('lab')
    const made = await grants(worthSaving + 1, 'lab')
    await reopen()
    const bytes = readFileSync(test.folder.state)
    for (const at of [0, 3, 10, 60, 200, bytes.length >> 1, bytes.length - 1]) {
      const altered = Buffer.from(bytes)
      altered[at] = (altered[at] as number) ^ 1
      writeFileSync(test.folder.state, altered)
      expect([at, snapshot()]).toEqual([at, undefined])
    }
    for (const length of [0, 3, 4, 100, bytes.length - 1]) {
      writeFileSync(test.folder.state, bytes.subarray(0, length))
      expect(snapshot()).toBeUndefined()
    }
    await reopen()
    expect(reads('lab', made)).toBe(true)
    const other = await trialFolder({ reading: 'participants' })
    writeFileSync(other.folder.state, bytes)
    expect(readStateSnapshot(other.folder.state, [readOwnKey(other.folder)])).toBeUndefined()
    other.remove()
  })

  it('CR-M3: of a time when custody had ended keeps nothing from the searches of who resumes it', async () => {
    await admit('lab')
    const made = await say(test.depositor, 'depositor', 'evidence.deposit', { items: [itemFor('y')] }, { note: 'n' })
    const unit = { index: made.index, leafHash: toBase64(made.leafHash) }
    const place = { aud: test.origin, iss: 'depositor', to: 'lab', exhibits: [unit], since: made.index }
    const release = releaseBy(test.depositor, { ...place, iat: Math.floor(Date.now() / 1000) })
    await say(signerNamed('lab'), 'lab', 'custody.transfer', transferMembers(release, 'accepted', 1))
    await say(signerNamed('lab'), 'lab', 'custody.end', { of: [unit], how: 'lost' })
    await grants(worthSaving + 1, 'lab')
    await reopen()
    expect(snapshot()?.access.letRead.get('lab')?.has(made.index)).toBe(false)
    await say(signerNamed('lab'), 'lab', 'custody.resume', { of: [unit], reason: 'found' })
    expect(reads('lab', made)).toBe(true)
    expect(everLetRead(ledger.standing, 'lab')).toContainEqual({ index: made.index, iss: 'depositor' })
  })

  /** Writes a file of this ledger's own signature over any body. */
  function writeSigned(body: Uint8Array): void {
    const { key, sign } = { key: readOwnKey(test.folder), sign: readKeyFile(test.folder.ledgerKey).sign }
    const { size, checkpoint } = ledger.reads
    const { root } = parseSignedCheckpoint(utf8(checkpoint)).checkpoint
    const text = `evidence-ledger state v2\n${key.name}\n${size}\n${toBase64(root)}\n${toBase64(sha256(body))}\n`
    const note = utf8(encodeNote({ text, signatures: [{ ...key, signature: sign(utf8(text)) }] }))
    const length = Buffer.alloc(4)
    length.writeUInt32BE(note.length)
    writeFileSync(test.folder.state, Buffer.concat([length, note, body]))
  }

  it('BR-M5: of another form is passed over, also where it is signed, and keeps no ledger from its start', async () => {
    await admit('lab')
    const { registry, access } = ledger.standing
    const checksum = { count: 1, hash: 'a'.repeat(64) }
    const plain = { ...copyableRegistry(registry) }
    const good = { registry: plain, checksum, access: { ...access } }
    writeSigned(serialize(good))
    // Its form is right, and what it says is not what the entries say.
    expect(snapshot()).toMatchObject({ checksum })
    await reopen()
    const bodies: readonly unknown[] = [
      undefined,
      null,
      'state',
      [],
      {},
      new Map(),
      { ...good, registry: undefined },
      { ...good, registry: { ...plain, keys: {} } },
      { ...good, registry: { ...plain, keys: new Map([['k', { publicKey: 'x' }]]) } },
      { ...good, registry: { ...plain, origin: 'another' } },
      { ...good, registry: { ...plain, participants: new Map([['p', undefined]]) } },
      { ...good, registry: { ...plain, states: [] } },
      { ...good, checksum: { count: -1, hash: checksum.hash } },
      { ...good, checksum: { count: 1, hash: 'a' } },
      { ...good, access: { ...access, rules: new Map([['1', []]]) } },
      { ...good, access: new Map() },
    ]
    for (const body of bodies) {
      writeSigned(serialize(body))
      expect([body, snapshot()]).toEqual([body, undefined])
    }
    // What the engine cannot deserialize: of a later version, cut off, or nothing.
    for (const body of [Buffer.from([0xff, 0xfe]), serialize(good).subarray(0, 40), Buffer.alloc(0)]) {
      writeSigned(body)
      expect(snapshot()).toBeUndefined()
    }
    await reopen()
    // A state within that a kind cannot read.
    writeSigned(serialize({ ...good, registry: { ...plain, states: new Map([['custody', 7]]) } }))
    await reopen()
    expect(ledger.standing.registry.participants.has('lab')).toBe(true)
  })

  it('BR-M5: of more bytes than are read at once is passed over', () => {
    writeFileSync(test.folder.state, '')
    truncateSync(test.folder.state, 2 ** 31)
    expect(snapshot()).toBeUndefined()
  })

  it('of a history that was put back is passed over: its root is not the tree’s', async () => {
    await admit('lab')
    await grants(10, 'lab')
    await ledger.close()
    const before = `${test.root}.before`
    copyFolder(test.root, before)
    ledger = await test.open()
    await grants(worthSaving + 1, 'lab')
    await ledger.close()
    const later = readFileSync(test.folder.state)
    // Another history of the same size, by the same key.
    rmSync(test.root, { recursive: true })
    copyFolder(before, test.root)
    ledger = await test.open()
    const made = await grants(worthSaving + 2, 'lab')
    await ledger.close()
    writeFileSync(test.folder.state, later)
    ledger = await test.open()
    expect(reads('lab', made)).toBe(false)
    rmSync(before, { recursive: true })
  })

  it('goes when sealed terms are erased by order, and holds nothing of them afterwards', async () => {
    await say(test.administrator, 'administrator', 'participant.admit', {
      participant: { id: 'court', type: 'court', roles: ['authority', 'auditor'], keys: [signerNamed('court').jwk] },
    })
    await admit('p-secret-reader')
    const made = await grants(worthSaving + 1, 'p-secret-reader')
    await reopen()
    expect(readFileSync(test.folder.state).includes('p-secret-reader')).toBe(true)
    // The last grant stands; it is what the order takes.
    const index = ledger.reads.size - 1
    const grant = await ledger.reads.entry(index)
    const digests = grant.statement.payload['_sd'] as string[]
    const of = [{ index, leafHash: toBase64(grant.leafHash), digests }]
    await say(signerNamed('court'), 'court', 'erasure.order', { of }, { basis: 'decision 1' })
    expect(reads('p-secret-reader', made)).toBe(false)
    expect(existsSync(test.folder.state)).toBe(false)
    await reopen()
    expect(reads('p-secret-reader', made)).toBe(false)
    expect(snapshot()?.access.letRead.get('p-secret-reader')).toBeUndefined()
  })
})
