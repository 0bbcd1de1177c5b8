import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { leafHash } from '../../src/core/entry.ts'
import { toBase64 } from '../../src/core/base64.ts'
import { encodeLogPolicy } from '../../src/core/policy.ts'
import { LogView } from '../../src/log/view.ts'
import type { SigningKey } from '../../src/node/key-file.ts'
import { openEntry } from '../../src/statements/open.ts'
import { administrator, depositor, ledgerKey, origin, startMs, TestChain } from '../support/chain.ts'
import { evidence } from '../support/cli.ts'
import { releaseBy, transferMembers } from '../support/custody.ts'
import { temporaryFolder } from '../support/folder.ts'
import { signerNamed } from '../support/signers.ts'
import { receiptOf } from '../support/small-package.ts'
import { itemFor, statement } from '../support/statements.ts'

/* A ledger whose operator seals what the rulebook forbids, and answers by itself: what "evidence history" says of it. */
const { path, remove } = temporaryFolder()
afterAll(remove)
const iat = startMs / 1000

function keyOf(id: string): SigningKey {
  return id === 'administrator' ? administrator : id === 'depositor' ? depositor : signerNamed(id)
}

interface Event {
  readonly at: number
  readonly what: string
  readonly code?: string
}

class HostileLedger {
  readonly chain = new TestChain().start()
  /** Who signed each entry. */
  readonly by = ['administrator', 'administrator']
  /** The entry that admitted each. */
  readonly since = new Map([
    ['administrator', 0],
    ['depositor', 1],
  ])
  readonly events: Event[] = []
  readonly deposit: number
  readonly rules: object[] = []
  /** Entries of which the server shows no receipt. */
  readonly shut = new Set<number>()

  constructor() {
    const people = { lab: ['attestor'], thief: ['depositor'], court: ['authority'] }
    for (const [id, roles] of Object.entries(people)) {
      this.by.push('administrator')
      this.since.set(id, this.chain.admit(id, roles))
    }
    this.deposit = this.say('depositor', 'evidence.deposit', { items: [itemFor('x')] })
  }

  say(signer: string, kind: string, members: object): number {
    this.by.push(signer)
    return this.chain.add(statement(keyOf(signer), origin, kind, members, { iss: signer, iat }).jws)
  }

  release(from: string, to: string, over: object = {}): string {
    const exhibits = [this.chain.reference(this.deposit)]
    const since = this.chain.bytes.length - 1
    return releaseBy(keyOf(from), { aud: origin, iss: from, to, exhibits, since, iat, ...over })
  }

  /** Seals what became of a release, by its receiver or by somebody else. */
  transfer(release: string, by: string, code = 'accepted'): this {
    const at = this.say(by, 'custody.transfer', transferMembers(release, code, 1))
    this.events.push({ at, what: 'handed-over', code })
    return this
  }

  hand(from: string, to: string, over: object = {}): this {
    return this.transfer(this.release(from, to, over), to)
  }

  end(by: string, members: object = { how: 'lost' }): this {
    const at = this.say(by, 'custody.end', { of: [this.chain.reference(this.deposit)], ...members })
    this.events.push({ at, what: 'custody-ended', code: (members as { how: string }).how })
    return this
  }

  async history(): Promise<Told> {
    this.chain.seal()
    const view = await LogView.open(this.chain)
    const place = async (index: number): Promise<object> => {
      const bytes = this.chain.bytes[index] as Uint8Array
      const hashes = (await view.inclusion(index, bytes)).map(toBase64)
      return { index, leafHash: toBase64(leafHash(bytes)), hashes, time: openEntry(bytes).entry.time }
    }
    const told = async ({ at, ...event }: Event): Promise<object> => {
      const bytes = this.chain.bytes[at] as Uint8Array
      const { kind } = openEntry(bytes).statement.common
      const shown = this.shut.has(at) ? {} : { entry: toBase64(bytes), signer: keyOf(this.by[at] as string).jwk }
      return { ...(await place(at)), kind, ...event, ...shown }
    }
    const participants = [...this.since].map(([id, since]) => {
      const { jwk, thumbprint } = keyOf(id)
      return {
        id,
        type: 'organisation',
        roles: [],
        active: true,
        since,
        keys: [{ thumbprint, jwk, status: 'active', since }],
      }
    })
    const { size } = view
    const checkpoint = this.chain.note
    const answers: Readonly<Record<string, (index: number) => Promise<object> | object>> = {
      receipt: async (index) => {
        const receipt = (await receiptOf(this.chain, index, keyOf(this.by[index] as string).jwk)).toString()
        return { ...(await place(index)), receipt }
      },
      status: async (index) => ({
        ...(await place(index)),
        size,
        checkpoint,
        events: await Promise.all(this.events.map(told)),
        next: null,
      }),
      access: (index) => ({ index, rules: this.rules }),
    }
    const server = createServer((request, response) => {
      const url = request.url ?? ''
      const send = (status: number, body: object): unknown =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      const [, index = '', what = ''] = /^\/v1\/entries\/(\d+)\/(\w+)/.exec(url) ?? []
      const answer = answers[what]
      if (answer !== undefined && !this.shut.has(Number(index)))
        void Promise.resolve(answer(Number(index))).then((body) => send(200, body))
      else if (answer !== undefined) send(403, { code: 'not-permitted', detail: 'no' })
      else if (url === '/v1/participants') send(200, { participants })
      else if (url.startsWith('/v1/entries?')) send(200, { entries: [], next: null })
      else send(404, { code: 'not-found', detail: 'nothing' })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const policy = join(path, 'policy')
    writeFileSync(policy, encodeLogPolicy(ledgerKey))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const args = ['history', String(this.deposit), '--policy', policy, '--url', url, '--data', join(path, 'nowhere')]
    try {
      const [json, text] = [await evidence([...args, '--json']), await evidence(args)]
      if (text.code !== json.code) throw new Error(`exit codes ${text.code} and ${json.code}`)
      return { code: json.code, ...json.json<Omit<Told, 'code' | 'text'>>(), text: text.stdout }
    } finally {
      server.closeAllConnections()
      server.close()
    }
  }
}

interface Told {
  readonly code: number | null
  readonly text: string
  readonly verified: boolean
  readonly timeline: readonly { readonly what: string }[]
  readonly error?: { readonly code: string }
  readonly deposits: readonly {
    readonly items: readonly { readonly holder: string; readonly state: string }[]
    readonly notFollowing: readonly { readonly state: string; readonly why: string }[]
  }[]
}

/** Exit code, who holds the one item, and what the step is that does not follow or is not judged. */
function brief({ code, verified, deposits }: Told): string {
  const [
    {
      items: [item],
      notFollowing,
    } = { items: [], notFollowing: [] },
  ] = deposits
  const troubles = notFollowing.map(({ state, why }) => `${state} ${why.split(':')[0]?.split(' ')[0]}`)
  return [code, verified ? 'verified' : 'not', `${item?.state} ${item?.holder}`, ...troubles].join('; ')
}

describe('CR-M8: a history', () => {
  const two = (): HostileLedger => new HostileLedger().hand('depositor', 'lab')

  it.each([
    ['a hand-over', () => two(), '0; verified; held lab'],
    ['a way there and back', () => two().hand('lab', 'depositor'), '0; verified; held depositor'],
    ['an end by the holder', () => two().end('lab'), '0; verified; ended lab'],
    [
      'a transfer in lieu by an authority',
      () => two().hand('court', 'thief', { inLieu: 'court-order' }),
      '0; verified; held thief',
    ],
  ])('tells who holds it after %s', async (_name, made, expected) => {
    expect(brief(await made().history())).toBe(expected)
  })

  it.each([
    [
      'a release by somebody who never held it',
      () => new HostileLedger().hand('thief', 'lab'),
      'held depositor',
      'custody-not-holder',
    ],
    [
      'a transfer in lieu by no authority',
      () => new HostileLedger().hand('thief', 'lab', { inLieu: 'court-order' }),
      'held depositor',
      'in-lieu-authority',
    ],
    ['two releases by one giver', () => two().hand('depositor', 'thief'), 'held lab', 'custody-not-holder'],
    ['an end by a stranger', () => new HostileLedger().end('thief'), 'held depositor', 'custody-not-holder'],
    [
      'a release that had ended',
      () => new HostileLedger().hand('depositor', 'lab', { exp: iat + 1 }),
      'held depositor',
      'release-expired',
    ],
    [
      'a release that was refused before',
      () => {
        const ledger = new HostileLedger()
        const release = ledger.release('depositor', 'lab')
        return ledger.transfer(release, 'lab', 'rejected').transfer(release, 'lab')
      },
      'held depositor',
      'release-used',
    ],
    [
      'a transfer signed by another than its release names',
      () => {
        const ledger = new HostileLedger()
        return ledger.transfer(ledger.release('depositor', 'lab'), 'thief')
      },
      'held depositor',
      'release-party',
    ],
  ])('says that %s does not follow, and holds nobody to have it by that', async (_name, made, held, code) => {
    const told = await made().history()
    expect(brief(told)).toBe(`3; not; ${held}; does-not-follow ${code}`)
    expect(told.text).toContain('DOES NOT FOLLOW from the entries shown, and moves nothing')
    expect(told.text).toContain('NOT VERIFIED: a step of custody does not follow')
  })

  it('says what it cannot judge: an order, or an authority, whose admission is not shown', async () => {
    const ledger = new HostileLedger().hand('court', 'lab', { inLieu: 'court-order' })
    ledger.shut.add(ledger.since.get('court') as number)
    expect(brief(await ledger.history())).toMatch(/^0; verified; not-judged depositor; not-judged /)
    const ended = new HostileLedger()
    const order = ended.say('court', 'evidence.deposit', { items: [itemFor('an order')] })
    ended.end('depositor', { how: 'disposed', order: ended.chain.reference(order) })
    expect(brief(await ended.history())).toMatch(/; ended depositor$/)
    ended.shut.add(order)
    expect(brief(await ended.history())).toMatch(/^0; verified; not-judged depositor; not-judged /)
  })

  it('follows a release of several exhibits, of which one is shown', async () => {
    const ledger = new HostileLedger()
    const other = ledger.say('depositor', 'evidence.deposit', { items: [itemFor('y')] })
    const exhibits = [other, ledger.deposit].map((index) => ledger.chain.reference(index))
    const take = (release: string): void => {
      const at = ledger.say('lab', 'custody.transfer', transferMembers(release, 'accepted', 2))
      ledger.events.push({ at, what: 'handed-over', code: 'accepted' })
    }
    take(ledger.release('depositor', 'lab', { exhibits }))
    expect(brief(await ledger.history())).toBe('0; verified; held lab')
    take(ledger.release('thief', 'lab', { exhibits }))
    expect(brief(await ledger.history())).toBe('3; not; held lab; does-not-follow custody-not-holder')
  })

  it('is not told where an entry of its custody is not shown', async () => {
    const ledger = two().hand('lab', 'thief')
    ledger.shut.add(ledger.events[0]?.at as number)
    expect((await ledger.history()).error?.code).toBe('server-answer')
  })

  it('goes on after what is not judged from an order in lieu', async () => {
    const ledger = new HostileLedger().hand('thief', 'lab', { inLieu: 'holder-gone' }).hand('lab', 'depositor')
    ledger.shut.add(ledger.since.get('thief') as number)
    ledger.hand('court', 'depositor', { inLieu: 'court-order' })
    expect(brief(await ledger.history())).toMatch(/^0; verified; held depositor; not-judged .*; not-judged /)
  })

  it('CR-M9: tells of a rule that an entry is no rule of access', async () => {
    const ledger = two()
    const entry = ledger.say('court', 'evidence.deposit', { items: [itemFor('no rule')] })
    ledger.rules.push({ rule: 'seal', entry, by: 'court', as: 'authority', to: [] })
    expect((await ledger.history()).error?.code).toBe('server-answer')
    const other = two()
    const grant = other.say('court', 'access.rule', { _sd: ['A'.repeat(43)], _sd_alg: 'sha-256' })
    other.rules.push({ rule: 'seal', entry: grant, by: 'thief', as: 'authority', to: [] })
    expect((await other.history()).error?.code).toBe('server-answer')
    other.rules.splice(0, 1, { rule: 'seal', entry: grant, by: 'court', as: 'authority', to: [] })
    const told = await other.history()
    expect(told.timeline.map(({ what }) => what)).not.toContain('rule')
    expect(told.text).toContain('the ledger says, not shown')
  })
})
