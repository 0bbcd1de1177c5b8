import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ConsistencyAnswer, InclusionAnswer } from '../../src/api/answers.ts'
import { equalBytes, utf8 } from '../../src/core/bytes.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { verifyConsistency, verifyInclusion } from '../../src/core/merkle/verify.ts'
import { applyPolicy } from '../../src/core/policy.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { policyOfFolder } from '../support/folder.ts'
import { hashOf, problemIn, soundReceipt, type TestServer, testServer } from '../support/server.ts'

/** Entries of the ledger: past two full tiles. */
const count = 530

describe('proofs', () => {
  let server: TestServer
  const leaves: Uint8Array[] = []
  /** Roots that the ledger signed on its way, by size. */
  const signedRoots = new Map<number, Uint8Array>()

  beforeAll(async () => {
    server = await testServer({ reading: 'participants' })
    const auditor = await server.admit('auditor', ['auditor'])
    for (let i = 0; i < 10; i++) {
      const receipt = (await server.post(server.deposit(`one ${i}`).presentation)).json<{ receipt: string }>().receipt
      const { checkpoint } = parseReceipt(utf8(receipt)).proof
      signedRoots.set(checkpoint.size, checkpoint.root)
    }
    await server.fill(count)
    for (let after = ''; ; ) {
      const page = (await server.get(`/v1/entries?limit=200${after}`, auditor)).json<{
        entries: { index: number; leafHash: string }[]
        next: number | null
      }>()
      for (const { index, leafHash } of page.entries) leaves[index] = hashOf(leafHash)
      if (page.next === null) break
      after = `&after=${page.next}`
    }
    const { checkpoint } = parseSignedCheckpoint((await server.get('/checkpoint')).body)
    signedRoots.set(checkpoint.size, checkpoint.root)
  })
  afterAll(() => server.remove())

  const inclusion = async (query: string): Promise<InclusionAnswer> => {
    const answer = await server.get(`/v1/proofs/inclusion?${query}`)
    expect(answer.status).toBe(200)
    return answer.json<InclusionAnswer>()
  }
  const consistency = async (query: string): Promise<ConsistencyAnswer> => {
    const answer = await server.get(`/v1/proofs/consistency?${query}`)
    expect(answer.status).toBe(200)
    return answer.json<ConsistencyAnswer>()
  }
  /** One root for each size, whichever proof gives it. */
  const roots = new Map<number, string>()
  function isSameRoot(size: number, root: string): boolean {
    const signed = signedRoots.get(size)
    const known = roots.get(size) ?? root
    roots.set(size, root)
    return known === root && (signed === undefined || equalBytes(signed, hashOf(root)))
  }

  it('are asked of a ledger that is there', () => {
    expect(leaves).toHaveLength(count)
    expect([...signedRoots.keys()]).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12, 13, count])
  })

  it('of inclusion lead from the entry to the root of the asked size', async () => {
    for (const size of [1, 2, 3, 4, 7, 8, 9, 255, 256, 257, 258, 511, 512, 513, count]) {
      for (const index of new Set([0, 1, Math.floor(size / 2), size - 2, size - 1])) {
        if (index < 0 || index >= size) continue
        const proof = await inclusion(`index=${index}&size=${size}`)
        expect(proof).toMatchObject({ index, size })
        const input = {
          index,
          size,
          leafHash: hashOf(proof.leafHash),
          proof: proof.hashes.map(hashOf),
          root: hashOf(proof.root),
        }
        expect(equalBytes(input.leafHash, leaves[index] as Uint8Array)).toBe(true)
        expect(verifyInclusion(input)).toBe(true)
        expect(verifyInclusion({ ...input, leafHash: hashOf(proof.root) })).toBe(size === 1)
        expect(isSameRoot(size, proof.root)).toBe(true)
      }
    }
  })

  it('of inclusion are for the current size unless told otherwise', async () => {
    const proof = await inclusion('index=300')
    expect(proof.size).toBe(count)
    const { checkpoint, note } = parseSignedCheckpoint((await server.get('/checkpoint')).body)
    expect(applyPolicy(policyOfFolder(server.folder), note, server.origin).log.name).toBe(server.origin)
    expect(
      verifyInclusion({
        index: 300,
        size: checkpoint.size,
        leafHash: leaves[300] as Uint8Array,
        proof: proof.hashes.map(hashOf),
        root: checkpoint.root,
      }),
    ).toBe(true)
  })

  it('of consistency lead from each size to each later one', async () => {
    const sizes = [1, 2, 3, 6, 7, 8, 12, 128, 255, 256, 257, 300, 511, 512, 513, 529, count]
    for (const from of sizes) {
      for (const to of sizes.filter((size) => size >= from)) {
        const proof = await consistency(`from=${from}&to=${to}`)
        expect(proof).toMatchObject({ from, to })
        const input = {
          size1: from,
          size2: to,
          root1: hashOf(proof.root1),
          root2: hashOf(proof.root2),
          proof: proof.hashes.map(hashOf),
        }
        expect({ from, to, holds: verifyConsistency(input) }).toEqual({ from, to, holds: true })
        // From a size to itself the proof is empty, and only then would the later root do for the earlier.
        expect(verifyConsistency({ ...input, root1: input.root2 })).toBe(from === to)
        expect(proof.hashes.length === 0).toBe(from === to)
        expect([isSameRoot(from, proof.root1), isSameRoot(to, proof.root2)]).toEqual([true, true])
      }
    }
  })

  it('of consistency join every checkpoint that was signed to the current one', async () => {
    for (const [size, root] of signedRoots) {
      const proof = await consistency(`from=${size}`)
      expect(proof.to).toBe(count)
      expect(
        verifyConsistency({
          size1: size,
          size2: count,
          root1: root,
          root2: signedRoots.get(count) as Uint8Array,
          proof: proof.hashes.map(hashOf),
        }),
      ).toBe(true)
    }
  })

  it('are the same as those in receipts', async () => {
    for (const index of [2, 255, 256, 529]) {
      const { receipt } = (await server.get(`/v1/entries/${index}/receipt`, server.depositor)).json<{
        receipt: string
      }>()
      const { proof } = soundReceipt(server, receipt)
      const { hashes } = await inclusion(`index=${index}`)
      expect(proof.hashes.map((hash) => Buffer.from(hash).toString('base64'))).toEqual(hashes)
    }
  })

  it('are never kept by a cache past their size', async () => {
    for (const path of ['/v1/proofs/inclusion?index=0', '/v1/proofs/consistency?from=1']) {
      expect((await server.get(path)).headers['cache-control']).toBe('no-cache')
    }
  })

  it.each([
    ['inclusion', `index=${count}`, 404, 'entry-not-found'],
    ['inclusion', `index=5&size=5`, 404, 'entry-not-found'],
    ['inclusion', 'index=9007199254740991', 404, 'entry-not-found'],
    ['inclusion', `index=0&size=${count + 1}`, 404, 'size-unknown'],
    ['inclusion', 'index=0&size=0', 400, 'query-invalid'],
    ['inclusion', '', 400, 'query-invalid'],
    ['inclusion', 'size=5', 400, 'query-invalid'],
    ['inclusion', 'index=-1', 400, 'query-invalid'],
    ['inclusion', 'index=01', 400, 'query-invalid'],
    ['inclusion', 'index=1.5', 400, 'query-invalid'],
    ['inclusion', 'index=1&index=2', 400, 'query-invalid'],
    ['inclusion', 'index=1&more=2', 400, 'query-invalid'],
    ['inclusion', 'index=9007199254740992', 400, 'query-invalid'],
    ['consistency', 'from=0', 400, 'query-invalid'],
    ['consistency', 'from=3&to=2', 404, 'size-unknown'],
    ['consistency', `from=1&to=${count + 1}`, 404, 'size-unknown'],
    ['consistency', `from=${count + 1}`, 404, 'size-unknown'],
    ['consistency', 'from=1&to=0', 400, 'query-invalid'],
    ['consistency', '', 400, 'query-invalid'],
    ['consistency', 'to=3', 400, 'query-invalid'],
    ['consistency', 'from=x', 400, 'query-invalid'],
  ])('of %s: ?%s is refused with %i', async (kind, query, status, code) => {
    const answer = await server.get(`/v1/proofs/${kind}?${query}`)
    expect(answer.status).toBe(status)
    expect(problemIn(answer).code).toBe(code)
  })
})
