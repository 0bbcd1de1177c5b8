import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { contentOf } from '../../src/certificate/content.ts'
import { encodeModel, type ShownEvent, type ShownHolding } from '../../src/certificate/model.ts'
import { writeCertificate } from '../../src/certificate/node/write.ts'
import {
  checkedCertificate,
  type LaterSample,
  type MadeCertificate,
  type Sample,
  sampleCertificate,
} from '../support/certificates.ts'
import { temporaryFolder } from '../support/folder.ts'
import { itemFor } from '../support/statements.ts'

/** Steps of custody that are all attached. */
const all = (count: number): ShownHolding['steps'] => ({ attached: count, told: count })
const noHolder = { holder: null, since: null, ended: null, byOrder: null }

const twoItems = [itemFor('one'), itemFor('two')]
const later = { url: 'https://ledger.example', size: 30, events: [], others: [], whole: true, admission: null }

const certificate = (events: readonly LaterSample[], more: Sample = {}): Promise<MadeCertificate> =>
  sampleCertificate({ events, compared: false, stated: { later, language: 'en' }, ...more })

/** What a certificate says from one heading to the next, a line for each row. */
function sectionOf({ model, attachments }: MadeCertificate, title: string): string[] {
  const { blocks } = contentOf(model, [...attachments.keys()])
  const from = blocks.findIndex((block) => block.is === 'heading' && block.said.some(({ text }) => text === title))
  const rest = blocks.slice(from + 1)
  const to = rest.findIndex(({ is }) => is === 'heading')
  return rest.slice(0, to).flatMap((block) => {
    if (block.is !== 'row') return 'said' in block ? [block.said.map(({ text }) => text).join(' ')] : []
    const label = block.label.map(({ text }) => text).join(' ')
    return block.value.map((said) => `${label}: ${said.map(({ text }) => text).join(' ')}`)
  })
}

const chain: readonly LaterSample[] = [
  { from: 'depositor', to: 'lab', outcome: 'rejected', checked: 'differs' },
  { from: 'depositor', to: 'lab', item: 0, checked: 'differs' },
  { from: 'lab', to: 'depositor', item: 0, outcome: 'withdrawn' },
  { end: 'lost', by: 'lab', item: 0 },
  { resume: 'found', by: 'lab', item: 0 },
  { from: 'court', to: 'notary', inLieu: 'holder-gone', item: 0 },
]

describe('the chain of custody of a certificate', () => {
  const { path, remove } = temporaryFolder()
  afterAll(() => remove())

  it('is told out of the attached receipts, with what is flagged for ever', async () => {
    const made = await certificate(chain, { items: twoItems })
    const flags = ({ index, giver, receiver, code, flags: own, inLieu }: ShownEvent) => [
      index,
      giver,
      receiver,
      code,
      own,
      inLieu,
    ]
    expect(made.model.shown.later.map(flags)).toEqual([
      [1, 'depositor', 'lab', 'rejected', [], null],
      [2, 'depositor', 'lab', 'accepted', ['accepted-differs'], null],
      [3, 'lab', 'depositor', 'withdrawn', [], null],
      [4, null, null, 'lost', [], null],
      [5, null, null, 'found', [], null],
      [6, 'court', 'notary', 'accepted', ['moved-by-order'], 'holder-gone'],
    ])
    expect(made.model.shown.custody).toEqual([
      { item: 0, holder: 'notary', since: 6, ended: null, byOrder: 6, gaps: [], steps: all(4) },
      { item: 1, holder: 'depositor', since: 0, ended: null, byOrder: null, gaps: [], steps: all(0) },
    ])
    const lines = sectionOf(made, 'Chain of custody')
    const text = lines.join('\n')
    expect(text).toContain('hand-over (accepted, from depositor to lab, item 0): entry 2 at')
    expect(text).toMatch(/entry 2 at .*by lab \(later-2\.tlog-proof\); ACCEPTED ALTHOUGH SOMETHING DIFFERS$/m)
    expect(text).toMatch(/entry 6 at .*; MOVED BY ORDER, without the holder's signature \(holder-gone\)$/m)
    expect(text).toMatch(/custody ended \(lost, item 0\): entry 4 at/)
    expect(text).toContain(
      'Item 0: notary, by the entries that are attached, through entry 6; whether there are others, only the ledger can say',
    )
    expect(text).toContain('Item 1: depositor, by the entries that are attached, through entry 0; whether')
    // What is of custody stands in its own section alone.
    expect(sectionOf(made, 'Later events').join('\n')).not.toContain('hand-over')
    expect(await checkedCertificate(join(path, 'chain.pdf'), made.bytes)).toMatchObject({ exit: 0, codes: [] })
  })

  it.each<[string, readonly LaterSample[], Omit<ShownHolding, 'item'>]>([
    ['nothing', [], { holder: 'depositor', since: 0, ended: null, byOrder: null, gaps: [], steps: all(0) }],
    [
      'a hand-over out of another custodian’s hands: one between is not attached',
      [{ from: 'lab', to: 'court' }],
      { ...noHolder, gaps: [1], steps: all(1) },
    ],
    ['an end by another custodian', [{ end: 'returned', by: 'lab' }], { ...noHolder, gaps: [1], steps: all(1) }],
    [
      'a resumption whose end is not attached',
      [{ resume: 'found', by: 'depositor' }],
      { ...noHolder, gaps: [1], steps: all(1) },
    ],
    [
      'a hand-over after an end whose resumption is not attached',
      [
        { end: 'lost', by: 'depositor' },
        { from: 'depositor', to: 'lab' },
      ],
      { ...noHolder, gaps: [2], steps: all(2) },
    ],
    [
      'a release from before its giver took it over: a step between is not attached',
      [
        { from: 'depositor', to: 'lab' },
        { from: 'lab', to: 'court', since: 0 },
      ],
      { ...noHolder, gaps: [2], steps: all(2) },
    ],
    [
      'an order, and then an ordinary hand-over: flagged for ever',
      [
        { from: 'court', to: 'lab', inLieu: 'court-order' },
        { from: 'lab', to: 'notary' },
      ],
      { holder: 'notary', since: 2, ended: null, byOrder: 1, gaps: [], steps: all(2) },
    ],
    [
      'an order that was refused: nothing moved',
      [{ from: 'court', to: 'lab', inLieu: 'court-order', outcome: 'rejected', checked: 'match' }],
      { holder: 'depositor', since: 0, ended: null, byOrder: null, gaps: [], steps: all(0) },
    ],
  ])('shows of %s who holds it', async (_what, events, expected) => {
    const { model } = await certificate(events)
    expect(model.shown.custody).toEqual([{ item: 0, ...expected }])
  })

  it('says where it has a gap, and never that there is nothing else', async () => {
    const text = sectionOf(await certificate([{ from: 'lab', to: 'court' }]), 'Chain of custody').join('\n')
    expect(text).toContain('Not without a gap: entry 1: it does not follow from the attached entries before it')
    const none = sectionOf(await certificate([]), 'Chain of custody').join('\n')
    expect(none).toContain('None is attached; this does not show that there is none.')
    const notAsked = sectionOf(await certificate([], { stated: { language: 'en' } }), 'Chain of custody').join('\n')
    expect(notAsked).toContain('not asked')
    expect(notAsked).toContain('only the ledger can say')
    expect(notAsked).not.toMatch(/Custodian: depositor/)
  })

  it('H5: names no custodian where steps that the ledger told are not attached, as where only rejected orders are', async () => {
    const refused = {
      from: 'court',
      to: 'notary',
      inLieu: 'court-order',
      outcome: 'rejected',
      checked: 'match',
    } as const
    const one = { ...later, others: [{ what: 'handed-over' as const, count: 1 }], steps: [1, 0] }
    const made = await certificate([{ ...refused, item: 0 }], {
      items: twoItems,
      stated: { later: one, language: 'en' },
    })
    expect(made.model.shown.custody).toMatchObject([
      { item: 0, ...noHolder, gaps: [], steps: { attached: 0, told: 1 } },
      { item: 1, holder: 'depositor', steps: all(0) },
    ])
    const text = sectionOf(made, 'Chain of custody').join('\n')
    expect(text).toContain('Item 0: not stated: NOT ALL STEPS OF CUSTODY ARE ATTACHED: 0 of 1')
    expect(text).toContain('Item 1: depositor, by the entries that are attached')
    expect(await checkedCertificate(join(path, 'lacking.pdf'), made.bytes)).toMatchObject({ exit: 0, codes: [] })
  })

  it('H5: names no custodian where the answer broke off, or the ledger was not asked', async () => {
    for (const told of [{ ...later, steps: null, whole: false }, null]) {
      const { model } = await certificate([{ from: 'depositor', to: 'lab' }], { stated: { later: told } })
      expect(model.shown.custody).toEqual([{ item: 0, ...noHolder, gaps: [], steps: { attached: 1, told: null } }])
    }
  })

  it.each([[[0]], [[1, 1]], [[]]])(
    'H5: is not made where its maker states other steps than can be: %j',
    async (steps) => {
      const made = certificate([{ from: 'depositor', to: 'lab' }], { stated: { later: { ...later, steps } } })
      await expect(made).rejects.toMatchObject({ code: 'certificate-differs' })
    },
  )

  it('tells records, challenges with what was found on them, and ordered erasure among later events', async () => {
    const made = await certificate([
      { event: 'examined', by: 'lab', item: 0 },
      { challenge: 'defence', item: 0 },
      { finding: 'admitted-in-part', on: 2 },
      { finding: 'admitted' },
      { erase: 'ordered' },
    ])
    const text = sectionOf(made, 'Later events').join('\n')
    expect(text).toMatch(/event recorded \(examined, item 0\): entry 1 at .*by lab/)
    expect(text).toMatch(/challenged \(item 0\): entry 2 at .*by defence/)
    expect(text).toMatch(/finding \(admitted-in-part, item 0, on the challenge in entry 2\): entry 3 at .*by court/)
    expect(text).toMatch(/finding \(admitted\): entry 4 at/)
    expect(text).toMatch(/erasure ordered: entry 5 at/)
    expect(made.model.shown.later.map(({ on }) => on)).toEqual([null, null, 2, null, null])
    expect(await checkedCertificate(join(path, 'records.pdf'), made.bytes)).toMatchObject({ exit: 0, codes: [] })
  })

  it('is refused where a finding is on a challenge that is not attached, or after it', async () => {
    const { attachments, model } = await certificate([{ challenge: 'defence' }, { finding: 'excluded', on: 1 }])
    const other = new Map(attachments)
    other.set('later-1.tlog-proof', attachments.get('later-2.tlog-proof') as Uint8Array)
    other.delete('later-2.tlog-proof')
    const bytes = await writeCertificate(model, other)
    const result = await checkedCertificate(join(path, 'alone.pdf'), bytes)
    expect(result.exit).toBe(1)
    expect(result.codes).toContain('certificate-malformed')
  })

  it.each<[string, (shown: MadeCertificate['model']['shown']) => object]>([
    ['the custodian', ({ custody }) => ({ custody: custody.map((one) => ({ ...one, holder: 'somebody' })) })],
    [
      'the mark of an order',
      ({ later: events }) => ({ later: events.map((one) => ({ ...one, flags: [], inLieu: null })) }),
    ],
    ['the giver', ({ later: events }) => ({ later: events.map((one) => ({ ...one, giver: 'somebody' })) })],
    ['a gap', ({ custody }) => ({ custody: custody.map((one) => ({ ...one, gaps: [1] })) })],
  ])('is refused where %s was edited, however well it is drawn', async (_what, edit) => {
    const { attachments, model } = await certificate(chain, { items: twoItems })
    const edited = { ...model, shown: { ...model.shown, ...edit(model.shown) } }
    const bytes = await writeCertificate(
      edited,
      new Map([...attachments, ['certificate.json', encodeModel(edited)] as const]),
    )
    const result = await checkedCertificate(join(path, 'edited.pdf'), bytes)
    expect(result.exit).toBe(1)
    expect(result.codes).toContain('certificate-differs')
  })
})
