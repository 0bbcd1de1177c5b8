import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { DepositAnswer } from '../../src/api/answers.ts'
import { BodyRoom } from '../../server/body-room.ts'
import { maxWaiters, maxWaitersOfOne, Waiters } from '../../server/waiters.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { cosignerNamed } from '../core/cosigners.ts'
import { type Answer, problemIn, type TestServer, testServer } from '../support/server.ts'

/** A disclosure of nothing that any statement seals. */
const foreign = Buffer.from(JSON.stringify(['AAAAAAAAAAAAAAAAAAAAAA', 'note', 'x'.repeat(5800)])).toString('base64url')

describe('F-RA-H7: deposits that wait for a quorum that is out of reach', () => {
  let server: TestServer
  beforeEach(async () => {
    server = await testServer()
    await server.stop()
    const { policy } = server.folder.folder
    const before = readFileSync(policy, 'utf8').replace(/^quorum .*\n/m, '')
    // Nothing listens at port 9.
    const witness = `witness away ${cosignerNamed('away').key.text} http://127.0.0.1:9\nquorum away\n`
    writeFileSync(policy, `${before}${witness}`)
    server = await server.restart({ acceptUnreachableWitnesses: true, witnessTimeoutSeconds: 1, cosignWaitSeconds: 50 })
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    await server.remove()
  })
  const wait = (presentation: string): Promise<Answer> =>
    server.request('/v1/statements?wait=cosigned', {
      method: 'POST',
      body: presentation,
      headers: { 'content-type': 'application/sd-jwt' },
    })

  it('hold no room for bodies, and past the bound of their address are answered at once', async () => {
    const enter = vi.spyOn(BodyRoom.prototype, 'enter')
    const answered: Answer[] = []
    const sealed = { note: 'n'.repeat(5000) }
    const waiting = Array.from({ length: maxWaitersOfOne }, (_, i) =>
      wait(server.deposit(`waits ${i}`, { sealed }).presentation).then((answer) => answered.push(answer)),
    )
    while ((await server.size()) < 2 + maxWaitersOfOne) await sleep(20)
    const held = (): number => [...new Set(enter.mock.contexts as BodyRoom[])].reduce((all, room) => all + room.held, 0)
    while (held() > 0) await sleep(20)
    expect(answered).toEqual([])
    const one = server.deposit('one more', { sealed })
    const past = await wait(one.presentation)
    expect(past.status).toBe(202)
    expect(parseReceipt(utf8(past.json<DepositAnswer>().receipt ?? '')).disclosures.map(({ claim }) => claim)).toEqual([
      'note',
    ])
    expect(answered).toEqual([])
    expect((await server.post(server.deposit('without waiting').presentation)).status).toBe(201)
    await server.stop()
    await Promise.all(waiting)
    expect(new Set(answered.map(({ status }) => status))).toEqual(new Set([202]))
    for (const { text } of answered.slice(0, 2)) expect(JSON.parse(text)).toHaveProperty('receipt')
  })

  it('cannot be padded: a repeat brings nothing that its statement does not seal', async () => {
    const made = server.deposit('known', { sealed: { note: 'a note', case: [{ number: '1' }] } })
    expect((await server.post(made.presentation)).status).toBe(201)
    const [first] = made.disclosures
    for (const padding of [`${foreign}~`, `${first?.text}~${foreign}~`, `${first?.text}~${first?.text}~`]) {
      const single = problemIn(await wait(`${made.jws}~${padding}`))
      expect(['disclosure-foreign', 'disclosure-repeated']).toContain(single.code)
      expect((await server.batch([`${made.jws}~${padding}`]))[0]?.code).toBe(single.code)
    }
    // In one group with the first of its bytes, too.
    const twin = server.deposit('twin')
    const lines = await server.batch([twin.presentation, `${twin.jws}~${foreign}~`, twin.jws])
    expect(lines.map((line) => line.code ?? Number(line.status))).toEqual([201, 'disclosure-foreign', 200])
    // What it does seal may be shown in part, or not at all.
    for (const some of [made.jws, `${made.jws}~${first?.text}~`, made.presentation])
      expect((await server.post(some)).status).toBe(200)
  })
})

describe('F-RA-H7: waiters', () => {
  it('are bounded by address and in all, and give their places back', () => {
    const waiters = new Waiters(4 * maxWaiters)
    const own = Array.from({ length: maxWaitersOfOne }, () => waiters.enter('192.0.2.1'))
    expect(own).not.toContain(undefined)
    expect(waiters.enter('192.0.2.1')).toBeUndefined()
    expect(waiters.enter('::ffff:192.0.2.1')).toBeUndefined()
    own[0]?.()
    expect(waiters.enter('192.0.2.1')).toBeDefined()
    let others = 0
    for (let i = 0; waiters.enter(`198.51.100.${i % 250}`) !== undefined; i++) others++
    expect(others).toBe(maxWaiters - maxWaitersOfOne)
    own[1]?.()
    expect(waiters.enter('203.0.113.1')).toBeDefined()
  })

  it('leave most connections to those who do not wait', () => {
    const waiters = new Waiters(8)
    expect([1, 2, 3].map((i) => waiters.enter(`192.0.2.${i}`) !== undefined)).toEqual([true, true, false])
  })
})
