import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { signatureTypes } from '../../src/core/cosignature.ts'
import { parseMisbehaviour } from '../../src/core/misbehaviour.ts'
import { encodeNote, parseNote, verifierKey, verifyNote } from '../../src/core/note.ts'
import { parsePolicy } from '../../src/core/policy.ts'
import { encodeAddCheckpoint } from '../../src/core/witness-request.ts'
import { checkMisbehaviour } from '../../src/verify/check-misbehaviour.ts'
import { originHash } from '../../src/witness/folder.ts'
import { mlDsaCosigner } from '../core/mldsa-keys.ts'
import { flipBit, hashOf } from '../core/support.ts'
import { problemIn } from '../support/server.ts'
import { signerNamed } from '../support/signers.ts'
import { cosignaturesOf, type TestWitness, testWitness } from '../support/witness.ts'
import { WitnessedLog } from '../support/witnessed-log.ts'

const log = new WitnessedLog('log.example/a')
const fork = log.forked(30)
const other = new WitnessedLog('log.example/other')
const pq = mlDsaCosigner('log.example/pq')
const names = ['fresh', 'race', 'forked', 'filled', 'extended', 'zero'].map(
  (name) => new WitnessedLog(`log.example/${name}`),
)
let witness: TestWitness

beforeAll(async () => {
  witness = await testWitness([log.key, pq.key, ...names.map(({ key }) => key)])
  await witness.add(log.request(0, 20))
  await witness.add(log.request(20, 40))
})
afterAll(() => witness.remove())

function named(name: string): WitnessedLog {
  return names.find(({ origin }) => origin.endsWith(`/${name}`)) as WitnessedLog
}
async function statusOf(body: string | Uint8Array): Promise<number> {
  return (await witness.add(body)).status
}

describe('add-checkpoint', () => {
  it('cosigns a first checkpoint with both keys, and each that goes on from it', async () => {
    const fresh = named('fresh')
    for (const [from, to] of [
      [0, 1],
      [1, 2],
      [2, 257],
      [257, 257],
      [257, 600],
    ] as const) {
      const answer = await witness.add(fresh.request(from, to))
      const found = cosignaturesOf(answer, fresh.note(to).text, witness.keys)
      expect(found.map(({ key }) => key.type)).toEqual([signatureTypes.cosignature, signatureTypes.mlDsa44])
      for (const { timestamp } of found) expect(timestamp).toBeGreaterThan(1_700_000_000)
      expect(answer.text.endsWith('\n')).toBe(true)
    }
  })

  it('serves what it cosigned last, with the log’s signature and its own', async () => {
    const { text, status, headers } = await witness.get(`/${originHash(log.origin)}/checkpoint`)
    expect([status, headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8'])
    const note = parseNote(utf8(text))
    expect(note.text).toBe(log.note(40).text)
    expect(verifyNote(note, [log.key, ...witness.keys])).toHaveLength(3)
    expect((await witness.get(`/${originHash(other.origin)}/checkpoint`)).status).toBe(404)
    expect((await witness.get(`/${originHash(log.origin).toUpperCase()}/checkpoint`)).status).toBe(404)
    expect((await witness.get('/nothing/checkpoint')).status).toBe(404)
  })

  it.each<[string, string | Uint8Array]>([
    ['nothing', ''],
    ['text', 'hello'],
    ['no old size', log.request(40, 41).replace(/^old 40\n/, '')],
    ['a leading zero', log.request(40, 41).replace('old 40', 'old 040')],
    ['a sign', log.request(40, 41).replace('old 40', 'old +40')],
    ['two spaces', log.request(40, 41).replace('old 40', 'old  40')],
    ['CR LF', log.request(40, 41).replaceAll('\n', '\r\n')],
    ['no empty line', log.request(40, 41).replace('\n\n', '\n')],
    ['a hash of 31 bytes', encodeAddCheckpoint(40, [new Uint8Array(31)], log.checkpoint(41))],
    ['base64url', encodeAddCheckpoint(40, [hashOf(255)], log.checkpoint(41)).replace(/^(old 40\n)\/+/, '$1____')],
    [
      '64 proof lines',
      encodeAddCheckpoint(
        40,
        Array.from({ length: 64 }, () => hashOf(1)),
        log.checkpoint(41),
      ),
    ],
    ['no signature line', log.request(40, 41).split('\n—')[0] as string],
    ['an old size above the size', encodeAddCheckpoint(41, [], log.checkpoint(40))],
    ['no UTF-8', Buffer.concat([Buffer.from(log.request(40, 41)), Buffer.of(0xff, 0x0a)])],
  ])('refuses %s with 400', async (_, body) => {
    const answer = await witness.add(body)
    expect([answer.status, problemIn(answer).status]).toEqual([400, 400])
  })

  it('takes a body of any media type, or of none', async () => {
    for (const type of ['text/plain', 'application/json', 'application/x-www-form-urlencoded']) {
      expect((await witness.add(log.request(40, 40), { 'content-type': type })).status).toBe(200)
    }
  })

  it('refuses an unknown log with 404, no matter who signed', async () => {
    expect(problemIn(await witness.add(other.request(0, 5))).code).toBe('witness-log-unknown')
    const renamed = { ...log.note(41), text: log.note(41).text.replace(log.origin, other.origin) }
    expect(await statusOf(encodeAddCheckpoint(0, [], encodeNote(renamed)))).toBe(404)
  })

  it('refuses with 403 where no known key signed, or where one failed', async () => {
    const { text, signatures } = log.note(41)
    const [line] = signatures as [(typeof signatures)[number]]
    const proof = log.proof(40, 41)
    const send = (...lines: (typeof signatures)[number][]): Promise<number> =>
      statusOf(encodeAddCheckpoint(40, proof, encodeNote({ text, signatures: lines })))
    const broken = { ...line, signature: flipBit(line.signature, 5) }
    const unknown = { ...line, id: Uint8Array.of(1, 2, 3, 4) }
    const stranger = verifierKey(log.origin, signerNamed('impostor').publicKey)
    const impostor = { name: stranger.name, id: stranger.id, signature: signerNamed('impostor').sign(utf8(text)) }
    expect(await send(unknown)).toBe(403)
    expect(await send(impostor)).toBe(403)
    expect(await send(broken)).toBe(403)
    expect(await send(line, broken)).toBe(403)
    // Before 409: who cannot sign learns nothing.
    expect(await statusOf(encodeAddCheckpoint(7, [], encodeNote({ text, signatures: [impostor] })))).toBe(403)
    // Unknown keys are passed over beside a good one.
    expect(
      await statusOf(
        encodeAddCheckpoint(
          40,
          log.proof(40, 40),
          encodeNote({ ...log.note(40), signatures: [unknown, ...log.note(40).signatures, impostor] }),
        ),
      ),
    ).toBe(200)
  })

  it('answers 409 with the size it has, and no more', async () => {
    for (const old of [0, 20, 39]) {
      const answer = await witness.add(log.request(old, 50))
      expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([409, 'text/x.tlog.size', '40\n'])
    }
    const answer = await witness.add(named('race').request(3, 5))
    expect([answer.status, answer.text]).toEqual([409, '0\n'])
  })

  it('refuses with 422 what does not go on from there', async () => {
    const proof = log.proof(40, 50)
    const bad: [number, Uint8Array[], string][] = [
      [40, [], log.checkpoint(50)],
      [40, proof.slice(1), log.checkpoint(50)],
      [40, [...proof, hashOf(1)], log.checkpoint(50)],
      [40, [flipBit(proof[0] as Uint8Array, 3), ...proof.slice(1)], log.checkpoint(50)],
      [40, proof, fork.checkpoint(50)],
      [40, fork.proof(40, 50), fork.checkpoint(50)],
      [40, [hashOf(1)], log.checkpoint(40)],
      [40, [], fork.checkpoint(40)],
    ]
    for (const [old, lines, checkpoint] of bad) {
      expect(await statusOf(encodeAddCheckpoint(old, lines, checkpoint))).toBe(422)
    }
    expect(await statusOf(encodeAddCheckpoint(0, [hashOf(1)], named('race').checkpoint(3)))).toBe(422)
    // None of it moved what it has.
    expect((await witness.add(log.request(0, 50))).text).toBe('40\n')
  })

  it('has an empty tree with the root of nothing alone', async () => {
    const zero = named('zero')
    expect(await statusOf(encodeAddCheckpoint(0, [], encodeNote(zero.note(0, hashOf(0)))))).toBe(422)
    expect(await statusOf(zero.request(0, 0))).toBe(200)
    expect(await statusOf(zero.request(0, 0))).toBe(200)
    expect(await statusOf(zero.request(0, 4))).toBe(200)
  })

  it('cosigns extension lines, and a log that signs with ML-DSA-44', async () => {
    const extended = named('extended')
    const note = extended.note(6, extended.root(6), 'an extension\nanother\n')
    const answer = await witness.add(encodeAddCheckpoint(0, [], encodeNote(note)))
    expect(cosignaturesOf(answer, note.text, witness.keys)).toHaveLength(2)
    const { text } = new WitnessedLog('log.example/pq').note(9)
    const byPq = { text, signatures: [pq.cosign(text, 5)] }
    expect(await statusOf(encodeAddCheckpoint(0, [], encodeNote(byPq)))).toBe(200)
  })

  it('keeps the proof of a second history, once', async () => {
    const forked = named('forked')
    const second = forked.forked(8)
    await witness.add(forked.request(0, 10))
    const offers = [
      encodeAddCheckpoint(10, [], second.checkpoint(10)),
      encodeAddCheckpoint(10, [], second.checkpoint(10)),
      // Answered 409, and kept all the same: both are signed.
      encodeAddCheckpoint(3, second.proof(3, 10), second.checkpoint(10)),
      encodeAddCheckpoint(10, second.proof(10, 12), second.checkpoint(12)),
    ]
    expect(await Promise.all(offers.map(statusOf))).toEqual([422, 422, 409, 422])
    const place = join(witness.folder.evidence, originHash(forked.origin))
    const files = readdirSync(place).sort()
    expect(files.map((name) => name.replace(/-[0-9a-f]{16}\./, '.'))).toEqual([
      'no-proof.json',
      'two-roots.misbehaviour',
    ])
    const policy = parsePolicy(utf8(`log ${forked.key.text}\nquorum none\n`))
    const bytes = new Uint8Array(readFileSync(join(place, files[1] as string)))
    expect(checkMisbehaviour(bytes, policy)).toMatchObject({ faults: [], kind: 'split-view', origin: forked.origin })
    const texts = parseMisbehaviour(bytes).checkpoints.map(({ note }) => note.text)
    expect(texts.sort()).toEqual([forked.note(10).text, second.note(10).text].sort())
    // What was offered without a proof that holds is kept as it came.
    const kept = JSON.parse(readFileSync(join(place, files[0] as string), 'utf8')) as Record<string, string>
    const [cosigned, offered] = ['cosigned', 'offered'].map((name) => parseNote(utf8(kept[name] as string)))
    expect([cosigned?.text, offered?.text]).toEqual([forked.note(10).text, second.note(12).text])
    for (const note of [cosigned, offered]) expect(verifyNote(note as never, [forked.key])).toHaveLength(1)
  })

  it('CR-W: keeps a second history that the log signed however much was offered before with proofs that lead nowhere', async () => {
    const filled = named('filled')
    const place = join(witness.folder.evidence, originHash(filled.origin))
    const kept = (kind: string): number => readdirSync(place).filter((name) => name.startsWith(kind)).length
    await witness.add(filled.request(0, 10))
    // Published checkpoints of an honest log, which a stranger sends before the log does.
    for (let size = 11; size <= 113; size++)
      expect(await statusOf(encodeAddCheckpoint(10, [hashOf(1)], filled.checkpoint(size)))).toBe(422)
    expect([kept('no-proof'), kept('two-roots')]).toEqual([100, 0])
    expect(await statusOf(encodeAddCheckpoint(10, [], filled.forked(5).checkpoint(10)))).toBe(422)
    // A stranger's guess at an old size is refused otherwise, and keeps it all the same.
    expect(await statusOf(encodeAddCheckpoint(3, [], filled.forked(6).checkpoint(10)))).toBe(409)
    expect([kept('no-proof'), kept('two-roots')]).toEqual([100, 2])
  })

  it('cosigns one of two histories that come at the same moment, however often', async () => {
    const honest = named('race')
    let size = 0
    for (let round = 0; round < 12; round++) {
      const next = size + 1 + round
      const bad = honest.forked(size)
      const bodies = [
        honest.request(size, next),
        encodeAddCheckpoint(size, bad.proof(size, next), bad.checkpoint(next)),
      ]
      // The forks of one leaf alone share their history up to `size`; only one of both may go on from it.
      const answers = await Promise.all([...bodies, ...bodies].map(statusOf))
      const won = answers.filter((status) => status === 200).length
      expect(won).toBe(1)
      const { text } = await witness.get(`/${originHash(honest.origin)}/checkpoint`)
      if (parseNote(utf8(text)).text !== honest.note(next).text) return
      size = next
    }
  })
})
