import { randomBytes } from 'node:crypto'
import { fromBase64 } from '../../src/core/base64.ts'
import { parseBundle } from '../../src/core/bundle.ts'
import { equalBytes, utf8 } from '../../src/core/bytes.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { leafHash } from '../../src/core/entry.ts'
import { digestLengths } from '../../src/core/hash.ts'
import { nodeHash } from '../../src/core/merkle/hashing.ts'
import { verifyConsistency } from '../../src/core/merkle/verify.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { dataFolder, readOwnKey, readPolicyFile } from '../../src/ledger/data-folder.ts'
import { FolderSource } from '../../src/ledger/folder-source.ts'
import { readKeyFile } from '../../src/node/key-file.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import { walk } from '../../src/verify/walk.ts'
import { type Answer, request } from './server.ts'
import { itemFor, statement } from './statements.ts'

interface Kept {
  readonly time: string
  readonly leafHash: Uint8Array
}

/** What a try to deposit came to. */
export type Attempt =
  | { readonly kind: 'acknowledged'; readonly index: number; readonly answer: Answer }
  | { readonly kind: 'refused'; readonly status: number; readonly code: string; readonly answer: Answer }
  | { readonly kind: 'broken' }

/** Seconds of `Retry-After`, and why a try was refused. Throws where it was not refused, or came without. */
export function refusalOf(attempt: Attempt): { status: number; code: string; retryAfter: number } {
  if (attempt.kind !== 'refused') throw new Error(`the statement was not refused but ${attempt.kind}`)
  const text = attempt.answer.headers['retry-after'] ?? ''
  if (!/^[1-9][0-9]*$/.test(text)) throw new Error(`${attempt.code} came without Retry-After: "${text}"`)
  return { status: attempt.status, code: attempt.code, retryAfter: Number(text) }
}

/**
 * A depositor with a memory: every receipt that was ever given is checked offline when it comes, every checkpoint ever seen
 * is kept, and both are held against whatever a server says later.
 */
export class Acknowledged {
  readonly root: string
  readonly entries: Map<number, Kept> = new Map()
  /** Root of every size that was ever signed before our eyes. */
  readonly roots: Map<number, Uint8Array> = new Map()
  /** Statements that nobody answered for: they may stand or not. */
  readonly unanswered: Set<string> = new Set()
  readonly refusals: Map<string, number> = new Map()
  private readonly policy: ReturnType<typeof readPolicyFile>
  private readonly origin: string
  private readonly signer: ReturnType<typeof readKeyFile>
  private made = 0

  constructor(root: string) {
    installNativePrimitives()
    this.root = root
    const folder = dataFolder(root)
    this.policy = readPolicyFile(folder.policy)
    this.origin = readOwnKey(folder).name
    this.signer = readKeyFile(folder.depositorKey)
  }

  /** A new signed deposit; a large one has 64 KiB of sealed claims that cannot be compressed much. */
  statement(isLarge = false): string {
    const items = [itemFor(`${process.pid} ${this.made++}`)]
    const noise = (): string => randomBytes(6000).toString('hex')
    const sealed = { note: noise(), names: [noise()], ext: { noise: noise() }, collection: { description: noise() } }
    return statement(this.signer, this.origin, 'evidence.deposit', { items }, isLarge ? { sealed } : {}).presentation
  }

  /** A new signed deposit whose entry is nearly as large as any: 64 items with digests of all algorithms. */
  largestStatement(): string {
    const digest = (): object =>
      Object.fromEntries(
        Object.entries(digestLengths).map(([name, length]) => [name, randomBytes(length).toString('hex')]),
      )
    const items = Array.from({ length: 64 }, () => ({ size: this.made++, digest: digest() }))
    return statement(this.signer, this.origin, 'evidence.deposit', { items }).presentation
  }

  /** Sends a statement and keeps what came of it. Throws where an answer is wrong. */
  async send(url: string, presentation: string = this.statement()): Promise<Attempt> {
    this.unanswered.add(presentation)
    let answer: Answer
    try {
      const headers = { 'content-type': 'application/sd-jwt', accept: 'application/json' }
      answer = await request(url, '/v1/statements', { method: 'POST', headers, body: presentation })
    } catch {
      return { kind: 'broken' }
    }
    if (answer.status === 201 || answer.status === 200) {
      this.unanswered.delete(presentation)
      const { index, receipt } = answer.json<{ index: number; receipt: string }>()
      this.keep(index, receipt)
      return { kind: 'acknowledged', index, answer }
    }
    const { code } = answer.json<{ code: string }>()
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1)
    return { kind: 'refused', status: answer.status, code, answer }
  }

  /** Keeps a receipt. Throws where it does not hold, or contradicts what was kept. */
  keep(index: number, receipt: string): void {
    const bytes = utf8(receipt)
    const { faults, unjudged } = checkReceipt(bytes, this.policy)
    const [fault] = [...faults, ...unjudged]
    if (fault !== undefined) throw new Error(`the receipt of ${index} does not hold: ${fault.message}`)
    const { entry, entryBytes, proof } = parseReceipt(bytes)
    if (!entry.known) throw new Error('the receipt holds an entry of another version')
    const hash = leafHash(entryBytes)
    const before = this.entries.get(index)
    if (before !== undefined && !equalBytes(before.leafHash, hash))
      throw new Error(`two entries have the index ${index}`)
    this.entries.set(index, { time: entry.time, leafHash: hash })
    this.keepCheckpoint(proof.noteText)
  }

  /** Keeps a checkpoint. Throws where the same size was signed with another root: a second history. */
  keepCheckpoint(note: string): number {
    const { size, root } = parseSignedCheckpoint(utf8(note)).checkpoint
    const before = this.roots.get(size)
    if (before !== undefined && !equalBytes(before, root)) throw new Error(`two roots were signed for the size ${size}`)
    this.roots.set(size, root)
    return size
  }

  /** After a restart: nothing is shorter, and the newest and a few of the checkpoints ever seen lead to today's. */
  async requireGoesOn(url: string, some = 3): Promise<number> {
    const size = this.keepCheckpoint((await request(url, '/checkpoint')).text)
    const sizes = [...this.roots.keys()].sort((a, b) => a - b)
    const last = Math.max(-1, ...this.entries.keys())
    if (last >= size || (sizes.at(-1) as number) > size) throw new Error(`the ledger went back to ${size}`)
    const chosen = new Set([sizes.findLast((seen) => seen < size) ?? size])
    for (let i = 0; i < some; i++) chosen.add(sizes[Math.floor(Math.random() * sizes.length)] as number)
    for (const from of chosen) await this.requireConsistent(url, from, size)
    return size
  }

  private async requireConsistent(url: string, size1: number, size2: number): Promise<void> {
    const answer = await request(url, `/v1/proofs/consistency?from=${size1}&to=${size2}`)
    const proof = answer.json<{ hashes: string[] }>().hashes.map((text) => fromBase64(text))
    const [root1, root2] = [this.roots.get(size1) as Uint8Array, this.roots.get(size2) as Uint8Array]
    if (!verifyConsistency({ size1, size2, root1, root2, proof }))
      throw new Error(`the checkpoint of ${size2} does not go on from that of ${size1}: a second history`)
  }

  /**
   * Reads every entry off the server: each one acknowledged is served byte for byte, and the entries make every root ever
   * seen. The tree is made here from nothing.
   */
  async requireAllServed(url: string): Promise<number> {
    const size = this.keepCheckpoint((await request(url, '/checkpoint')).text)
    const stack: { height: number; hash: Uint8Array }[] = []
    let index = 0
    let found = 0
    for (let n = 0; n * 256 < size; n++) {
      const width = Math.min(256, size - n * 256)
      const answer = await request(url, `/tile/entries/${tilePath(n)}${width === 256 ? '' : `.p/${width}`}`)
      if (answer.status !== 200) throw new Error(`bundle ${n}: ${answer.status} ${answer.text}`)
      for (const bytes of parseBundle(answer.body, width)) {
        const hash = leafHash(bytes)
        const kept = this.entries.get(index)
        if (kept !== undefined) {
          if (!equalBytes(kept.leafHash, hash)) throw new Error(`entry ${index} is not the one acknowledged`)
          found++
        }
        push(stack, hash)
        index++
        const root = this.roots.get(index)
        if (root !== undefined && !equalBytes(root, rootOf(stack)))
          throw new Error(`another root was signed for ${index}`)
      }
    }
    if (found !== this.entries.size) throw new Error(`${this.entries.size - found} acknowledged entries are lost`)
    return size
  }

  /** Some receipts as the server gives them now: of the same entries, and sound. */
  async requireReceipts(url: string, some: number): Promise<void> {
    const indices = [...this.entries.keys()].slice(-some)
    for (const index of indices) {
      const answer = await request(url, `/v1/entries/${index}/receipt`)
      if (answer.status !== 200) throw new Error(`the receipt of ${index}: ${answer.status} ${answer.text}`)
      this.keep(index, answer.json<{ receipt: string }>().receipt)
    }
  }

  /** Sends again what nobody answered for: it stands, or is sealed now, never twice. */
  async resend(url: string): Promise<number> {
    const again = [...this.unanswered]
    for (const presentation of again) {
      const attempt = await this.send(url, presentation)
      if (attempt.kind !== 'acknowledged') throw new Error(`a statement sent again was not taken: ${attempt.kind}`)
    }
    return again.length
  }

  /** `verify` over the closed folder: every fault. */
  async faultsOfFolder(): Promise<string[]> {
    const source = await FolderSource.open(this.root, readOwnKey(dataFolder(this.root)))
    try {
      const report = await walk({ source, policy: this.policy })
      return [...source.faults, ...report.faults].map(({ code, message }) => `${code}: ${message}`)
    } finally {
      await source.close()
    }
  }
}

/** The name of a tile's number: groups of three digits (docs/spec/12-tiles.md). */
function tilePath(n: number): string {
  const digits = String(n).padStart(Math.ceil(String(n).length / 3) * 3, '0')
  const groups = digits.match(/[0-9]{3}/g) as string[]
  return groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/')
}

function push(stack: { height: number; hash: Uint8Array }[], hash: Uint8Array): void {
  let next = { height: 0, hash }
  for (let top = stack.at(-1); top?.height === next.height; top = stack.at(-1)) {
    stack.pop()
    next = { height: next.height + 1, hash: nodeHash(top.hash, next.hash) }
  }
  stack.push(next)
}

function rootOf(stack: readonly { hash: Uint8Array }[]): Uint8Array {
  return stack.map(({ hash }) => hash).reduceRight((right, left) => nodeHash(left, right))
}
