import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { subtreeMessage } from '../../src/core/cosignature.ts'
import { verifyMlDsa44 } from '../../src/core/mldsa.ts'
import { encodeNote, parseNote } from '../../src/core/note.ts'
import { parseSignatureLines } from '../../src/core/witness-request.ts'
import { originHash } from '../../src/witness/folder.ts'
import { hashOf } from '../core/support.ts'
import { problemIn } from '../support/server.ts'
import { type TestWitness, testWitness } from '../support/witness.ts'
import { WitnessedLog } from '../support/witnessed-log.ts'

const log = new WitnessedLog('log.example/subtrees')
let witness: TestWitness
let cosigned: string

beforeAll(async () => {
  witness = await testWitness([log.key])
  await witness.add(log.request(0, 20))
  cosigned = (await witness.get(`/${originHash(log.origin)}/checkpoint`)).text
})
afterAll(() => witness.remove())

/** The subtree from 0: its proof is RFC 6962's. */
function body(end: number, hash = log.root(end), proof = log.proof(end, 20), checkpoint = cosigned, start = 0): string {
  return `subtree ${start} ${end}\n${[hash, ...proof].map((one) => `${toBase64(one)}\n`).join('')}\n${checkpoint}`
}

describe('sign-subtree', () => {
  it('signs a subtree of a checkpoint that it cosigned, without a time', async () => {
    for (const end of [1, 7, 16, 20]) {
      const answer = await witness.subtree(body(end))
      expect(answer.status).toBe(200)
      const [line, ...more] = parseSignatureLines(answer.body)
      expect(more).toEqual([])
      expect([line?.name, line?.id]).toEqual([witness.keys[1].name, witness.keys[1].id])
      const signature = line?.signature as Uint8Array
      expect(signature.slice(0, 8)).toEqual(new Uint8Array(8))
      const statement = { cosigner: witness.keys[1].name, timestamp: 0, origin: log.origin, start: 0, end }
      const message = subtreeMessage({ ...statement, hash: log.root(end) }) as Uint8Array
      expect(verifyMlDsa44(witness.keys[1].publicKey, message, signature.slice(8))).toBe(true)
    }
  })

  it('refuses with 400, 404, 403 and 422', async () => {
    const code = async (text: string): Promise<[number, string]> => {
      const answer = await witness.subtree(text)
      return [answer.status, problemIn(answer).code]
    }
    const malformed = [400, 'witness-request-malformed']
    expect(await code('')).toEqual(malformed)
    expect(await code(body(7).replace('subtree 0 7', 'subtree 0 07'))).toEqual(malformed)
    expect(await code(body(7).replace('subtree 0 7', 'subtree 0'))).toEqual(malformed)
    expect(await code(body(7).replace('subtree 0 7', 'subtree 7 7'))).toEqual(malformed)
    // 3 to 6 is no subtree, 0 to 21 is past the tree.
    expect(await code(body(7).replace('subtree 0 7', 'subtree 3 6'))).toEqual(malformed)
    expect(await code(body(7).replace('subtree 0 7', 'subtree 0 21'))).toEqual(malformed)
    const other = new WitnessedLog('log.example/unknown')
    expect(await code(body(7, undefined, undefined, other.checkpoint(20)))).toEqual([404, 'witness-log-unknown'])
    // Signed by the log alone, or by this witness over another text.
    expect(await code(body(7, undefined, undefined, log.checkpoint(20)))).toEqual([403, 'witness-signature'])
    const forged = { ...parseNote(utf8(cosigned)), text: log.note(20, hashOf(4)).text }
    expect(await code(body(7, undefined, undefined, encodeNote(forged)))).toEqual([403, 'witness-signature'])
    expect(await code(body(7, hashOf(1)))).toEqual([422, 'witness-inconsistent'])
    expect(await code(body(7, undefined, log.proof(7, 20).slice(1)))).toEqual([422, 'witness-inconsistent'])
  })
})
