import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deposits, ordersErasure, rules, rulesTogether, says } from './case-002-acts.ts'
import { takesOver } from './case-002-custody.ts'
import { type Cast, type Desk, type Part, referenceTo, type Step } from './case-002-desk.ts'

/* The play of case-002: who takes part, and what each does from seizure to finding. Everybody and everything in it is invented. */

export const caseNumber = '(2026)沪0106刑初77号'

/** What the note of the records says, until its erasure is ordered: about somebody who has nothing to do with the case. */
export const bystander = '岚半夏只是借用电脑,与本案无关'

export const cast: Cast = {
  police: part('police-net', 'police', ['depositor', 'attestor'], 'certificate', '沄川市网安支队'),
  lab: part('lab-7', 'forensic-institution', ['depositor', 'attestor'], 'certificate', '第七检验所'),
  notary: part('notary-3', 'notary', ['depositor', 'attestor'], 'electronic-id', '槐渚公证处'),
  platform: part('platform-feed', 'platform', ['depositor'], 'document', '浮筏内容平台'),
  procuratorate: part('procuratorate-1', 'procuratorate', ['authority'], 'known', '南榆区检察院'),
  court: part('court-1', 'court', ['authority'], 'known', '南榆区法院'),
  defence: part('p-7d02c1e94b6f4a83', 'lawyer', ['attestor'], 'in-person', '霭长歌'),
  operator: part('operator-1', 'organisation', ['operator'], 'known', '账本运营方'),
  auditor: part('auditor-1', 'organisation', ['auditor'], 'document', '账本审计方'),
}

function part(id: string, type: string, roles: readonly string[], identifiedBy: string, name: string): Part {
  return { id, type, roles, identifiedBy, name }
}

const officers = [
  { name: '桤知远', id: '000041' },
  { name: '汀一苇', id: '000058' },
]
const seized = { start: '2025-10-11T06:40', end: '2025-10-11T07:15', zone: '+08:00' }
const place = '槐渚市东栎区旧梭巷77号'

/** Seizure, and what others kept. */
const collected: readonly Step[] = [
  deposits('police', caseNumber, {
    does: 'seizes a telephone, and deposits the signed seizure list for it',
    entry: 'phone',
    paths: ['phone/seizure-list.txt'],
    category: 'medium',
    collection: {
      exhibit: 'A-1',
      description: '手机一部,黑色',
      serial: 'FX0000-4471-9C',
      condition: '屏幕左上角有裂纹',
      seal: '0000-S-0117',
      place,
      time: seized,
      officers,
      witness: { name: '岚望舒' },
    },
  }),
  deposits('police', caseNumber, {
    does: 'deposits tokens, cookies and the history of the terminal',
    entry: 'terminal',
    paths: ['terminal'],
    category: 'account-log',
    collection: { exhibit: 'A-2', place, time: seized, officers, method: '现场提取', tool: 'invented-collector 2.0' },
  }),
  deposits('police', caseNumber, {
    does: 'deposits the courier slips and the wallet records',
    entry: 'records',
    paths: ['records/courier-slips.csv', 'records/wallet.csv'],
    category: 'account-log',
    collection: {
      exhibit: 'A-3',
      notHeldBecause: '数据由平台保存',
      authorisation: { number: '调证字〔2025〕第0119号' },
    },
    note: bystander,
  }),
  deposits('police', caseNumber, {
    does: 'deposits the chat of a child, sealed from its own entry on',
    entry: 'minor',
    paths: ['minor/chat.json'],
    category: 'communication',
    collection: { exhibit: 'A-4', account: 'u-kid', handling: 'sealed' },
  }),
  deposits('notary', caseNumber, {
    does: 'deposits articles that a machine wrote, with the log of their making',
    entry: 'articles',
    paths: ['articles'],
    category: 'published',
    collection: { exhibit: 'N-1', url: 'https://feed.example.net/a/1001', method: '网页保全' },
  }),
  deposits('platform', caseNumber, {
    does: 'deposits the log of the click farm',
    entry: 'clicks',
    paths: ['clicks'],
    category: 'account-log',
    collection: { exhibit: 'P-1', account: 'boss' },
  }),
]

/** The chat is sealed by the court, and others are let read the rest. */
const rights: readonly Step[] = [
  // Seals add up: the seal of its own, by the police, is lifted with the court's taking its place.
  rulesTogether(
    'court',
    ['minor'],
    '未成年人案件,不公开',
    { does: 'puts its own seal on the chat of the child in place of the first', entry: 'seal' },
    ['unseal', 'seal'],
  ),
  rules('police', 'grant', ['phone', 'terminal', 'records'], '移送起诉', {
    does: 'lets court and procuratorate read what it deposited',
    to: ['court', 'procuratorate'],
  }),
  rules('police', 'grant', ['phone', 'terminal', 'records'], '辩护人阅卷', {
    does: 'lets the defence read it',
    entry: 'grant-defence',
    to: ['defence'],
  }),
  rules('notary', 'grant', ['articles'], '庭审需要', {
    does: 'lets court and defence read the articles',
    to: ['court', 'defence'],
  }),
  rules('platform', 'grant', ['clicks'], '协助调查', { does: 'lets the court read the clicks', to: ['court'] }),
  rules('court', 'grant', ['minor'], '鉴定委托书第31号', { does: 'lets the lab read the chat', to: ['lab'] }),
  rules('defence', 'grant', ['terminal'], '转交', {
    does: 'may not pass on what it was granted',
    to: ['platform'],
    refused: 'access-not-yours',
  }),
]

const first = { purpose: '检验', seals: ['0000-S-0117'], condition: '良好', carrier: officers[0] ?? { name: '' } }

/** The telephone goes to the lab at the second attempt, and its image is examined. */
const examined: readonly Step[] = [
  takesOver('lab', {
    does: 'refuses the telephone: the seal is broken',
    entry: 'refusal',
    from: 'police',
    exhibits: ['phone'],
    offer: first,
    outcome: 'rejected',
    reason: 'seal-broken',
    checked: ['not-checked'],
    sealed: { acceptance: { persons: [{ name: '渚青禾' }], condition: '封条破损' } },
  }),
  says('police', 'evidence.event', { does: 'packs it anew', sealed: { note: '更换封条 0000-S-0118' } }, (desk) => ({
    of: referenceTo(desk, 'phone'),
    event: 'packed',
  })),
  takesOver('lab', {
    does: 'takes the telephone over',
    entry: 'transfer',
    from: 'police',
    exhibits: ['phone'],
    offer: { ...first, seals: ['0000-S-0118'] },
    sealed: { acceptance: { persons: [{ name: '渚青禾' }], seals: ['0000-S-0118'], condition: '良好' } },
  }),
  deposits('lab', caseNumber, {
    does: 'deposits the image that it made of the telephone',
    entry: 'image',
    paths: ['image'],
    category: 'image-of-medium',
    relates: 'derived-from:phone/seizure-list.txt.tlog-proof:0',
    collection: { exhibit: 'L-1', parentExhibit: 'A-1', tool: 'invented-imager', toolVersion: '3.1', writeBlock: true },
  }),
  says(
    'lab',
    'evidence.event',
    {
      does: 'examines one file of the image',
      entry: 'examination',
      sealed: { details: { tool: 'invented-viewer 1.4', examiner: '渚青禾' } },
    },
    (desk) => ({
      of: referenceTo(desk, 'image:extracted/cookies.txt'),
      event: 'examined',
      from: '2025-10-14T01:00:00.000Z',
      to: '2025-10-14T06:30:00.000Z',
    }),
  ),
  says(
    'lab',
    'evidence.deposit',
    {
      does: 'reports on that file',
      entry: 'report',
      sealed: { names: ['cookies-report.txt'], case: [{ number: caseNumber }] },
    },
    (desk) => ({
      items: [itemOf(desk, 'report/cookies-report.txt')],
      relates: [{ rel: 'report-on', ...referenceTo(desk, 'image:extracted/cookies.txt') }],
    }),
  ),
  rules('lab', 'grant', ['image', 'report'], '庭审需要', {
    does: 'lets court, notary and defence read image and report',
    to: ['court', 'notary', 'defence'],
  }),
  says('notary', 'evidence.attest', { does: 'attests the image of the telephone' }, (desk) => ({
    of: { ...referenceTo(desk, 'image'), item: 0 },
    as: 'witness',
  })),
  takesOver('police', {
    does: 'takes the telephone back',
    from: 'lab',
    exhibits: ['phone'],
    offer: { purpose: '检验完毕', seals: ['0000-L-0009'] },
  }),
]

function itemOf({ evidence }: Desk, file: string): object {
  const bytes = readFileSync(join(evidence, file))
  return { size: bytes.length, digest: { sha256: createHash('sha256').update(bytes).digest('hex') }, category: 'file' }
}

/** The platform is gone: by order its exhibit goes to the notary. */
const moved: readonly Step[] = [
  says('administrator', 'participant.revoke', { does: 'revokes the platform, which was dissolved' }, (desk) => ({
    participant: desk.people.platform.id,
    reason: 'affiliation-ended',
  })),
  takesOver('notary', {
    does: 'takes over by order what the platform held, which is gone',
    entry: 'in-lieu',
    from: 'court',
    exhibits: ['clicks'],
    offer: { purpose: '保管', authority: '南榆区法院' },
    inLieu: 'holder-gone',
    checked: ['not-checked'],
  }),
  says('notary', 'evidence.event', { does: 'checks it in' }, (desk) => ({
    of: referenceTo(desk, 'clicks'),
    event: 'checked-in',
  })),
]

const erasedClaims = ['note', 'collection'] as const
const basis = { basis: '决定书第12号' }

/** What is said of a bystander is erased by order, when nothing holds it any more. */
const erased: readonly Step[] = [
  rules('procuratorate', 'hold', ['records'], '审查起诉期间', { does: 'forbids erasure of the records' }),
  ordersErasure('court', 'records', erasedClaims, {
    does: 'orders what is said of a bystander to be erased, under a hold',
    sealed: basis,
    refused: 'under-hold',
  }),
  rules('court', 'unhold', ['records'], '不再需要', {
    does: 'may not lift the hold of another authority',
    refused: 'access-nothing-stands',
  }),
  rules('procuratorate', 'unhold', ['records'], '不再需要', { does: 'lifts its hold' }),
  ordersErasure('court', 'records', erasedClaims, {
    does: 'orders it again',
    entry: 'order',
    sealed: basis,
  }),
  says(
    'operator',
    'erasure.report',
    { does: 'reports that the live store has it no more', entry: 'erasure-report', shows: ['order'] },
    (desk) => ({ of: referenceTo(desk, 'order'), where: 'live-store', outcome: 'gone' }),
  ),
  says('auditor', 'erasure.report', { does: 'reports when the last backup of it ends' }, (desk) => ({
    of: referenceTo(desk, 'order'),
    where: 'backup',
    outcome: 'kept',
    until: '2099-01-01T00:00:00.000Z',
  })),
]

/** Dispute and finding. */
const decided: readonly Step[] = [
  says(
    'defence',
    'evidence.challenge',
    {
      does: 'disputes the log of the articles',
      entry: 'challenge',
      sealed: { ground: ['authenticity', 'integrity'], reasons: '生成日志系被告自行导出' },
    },
    (desk) => ({ of: referenceTo(desk, 'articles:generation.jsonl') }),
  ),
  says(
    'defence',
    'evidence.challenge',
    {
      does: 'is told nothing of the chat that it may not read',
      sealed: { ground: ['relevance'] },
      refused: 'reference-not-found',
    },
    (desk) => ({ of: referenceTo(desk, 'minor') }),
  ),
  says(
    'court',
    'evidence.finding',
    { does: 'may not find on a challenge that it does not show', refused: 'reference-not-found' },
    (desk) => ({ of: referenceTo(desk, 'challenge'), finding: 'left-open' }),
  ),
  says(
    'court',
    'evidence.finding',
    {
      does: 'finds on the challenge',
      entry: 'finding',
      sealed: { reasons: '日志与文章摘要相符,第4条除外' },
      shows: ['challenge'],
    },
    (desk) => ({ of: referenceTo(desk, 'challenge'), finding: 'admitted-in-part' }),
  ),
  says('court', 'evidence.finding', { does: 'admits one article' }, (desk) => ({
    of: referenceTo(desk, 'articles:article-01.html'),
    finding: 'admitted',
  })),
  says('lab', 'evidence.retract', { does: 'takes back one file of the image', entry: 'retraction' }, (desk) => ({
    of: referenceTo(desk, 'image:extracted/notes.txt'),
    reason: 'mistake',
  })),
]

/** From seizure to finding, in the order in which it is played. */
export const steps: readonly (readonly [string, readonly Step[]])[] = [
  ['evidence is collected', collected],
  ['rights are set', rights],
  ['the telephone is examined', examined],
  ['the holder is gone', moved],
  ['claims are erased by order', erased],
  ['the court decides', decided],
]
