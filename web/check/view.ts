import { worstOf } from '../../src/check/steps/outcome.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { policyFingerprint } from '../../src/core/policy-fingerprint.ts'
import { count, visible } from '../../src/core/text.ts'
import { tellRefusal } from '../../src/told/refusal.ts'
import { marks, tell } from '../../src/told/tell.ts'
import type { Fact, Told, ToldFinding } from '../../src/told/told.ts'
import type { Words } from '../../src/words/index.ts'
import { topicOf } from '../../src/words/topic.ts'
import { button, el, fill } from '../ui/dom.ts'
import { hashText, nameText } from '../ui/text.ts'
import { picture } from './picture.ts'
import type { PolicyChoice } from './policies.ts'
import { doesHold, type HoldingResult, pathOfTask, type Result } from './run.ts'

/** What the reader may do with a result. */
export interface Actions {
  /** Keeps a policy; undefined where the page may keep none. */
  readonly keepPolicy: ((choice: PolicyChoice) => boolean) | undefined
  readonly forgetPolicy: (choice: PolicyChoice) => void
  readonly choosePolicy: (origin: string, choice: PolicyChoice) => void
  /** Asks the ledger; undefined where none can be asked. */
  readonly askLedger: (() => void) | undefined
  /** Makes the certificate of a result, for the reader to save; undefined where none can be made. Throws what is to be said. */
  readonly saveCertificate: ((result: HoldingResult) => Promise<void>) | undefined
}

/** All results: the worst first, said in one sentence before anything else. */
export function resultsView(results: readonly Result[], words: Words, actions: Actions): HTMLElement {
  const told = results.map((result) => ({ result, told: toldOf(result, words) }))
  const worst = worstOf(told.flatMap((one) => (one.told === undefined ? [] : [one.told.outcome.kind])))
  const order = [...told].sort((a, b) => rank(a.told) - rank(b.told))
  const section = el('section', { class: 'results', 'aria-label': words.check.steps })
  if (results.length > 1 && worst !== undefined) {
    const alike = told.filter((one) => one.told?.outcome.kind === worst).length
    section.append(
      headline(worst, words.check.outcome[worst], words.check.several(count(alike), count(results.length))),
    )
  }
  for (const one of order.slice(0, mostResults)) section.append(resultView(one.result, one.told, words, actions))
  const rest = order.slice(mostResults)
  if (rest.length > 0) section.append(restView(rest, words))
  return section
}

/** Most results that are shown whole; of the rest, which is none the worse, each has its line. */
const mostResults = 100

function restView(rest: readonly { readonly told: Told | undefined }[], { check }: Words): HTMLElement {
  const lines = rest.flatMap(({ told }) => {
    if (told === undefined) return []
    const { title, subject, outcome } = told
    return [el('li', {}, `${marks[outcome.kind]} ${title}: `, nameText(subject.value))]
  })
  return el(
    'details',
    { class: 'rest' },
    el('summary', {}, check.folder.more(count(lines.length))),
    el('ul', {}, ...lines),
  )
}

function toldOf(result: Result, words: Words): Told | undefined {
  if (result.what === 'report') return tell(result.report, words)
  if (result.what === 'stopped') return undefined
  const told = tellRefusal(pathOfTask(result.task), result.refusal, words)
  // A file that was compared, and is none of those that the receipts are for.
  const isOther = result.task.what === 'unproven' && result.task.isCompared
  return isOther ? { ...told, sentence: words.check.sentence.noneOfThese } : told
}

const ranks = ['broken', 'differs', 'newer', 'missing', 'noticed', 'unchanged']

function rank(told: Told | undefined): number {
  return told === undefined ? -1 : ranks.indexOf(told.outcome.kind)
}

function headline(kind: keyof typeof marks, title: string, sentence: string): HTMLElement {
  return el(
    'header',
    { class: `verdict ${kind}`, 'data-outcome': kind },
    el('span', { class: 'mark', 'aria-hidden': 'true' }, marks[kind]),
    el('div', {}, el('h2', {}, title), el('p', { class: 'sentence' }, sentence)),
  )
}

function resultView(result: Result, told: Told | undefined, words: Words, actions: Actions): HTMLElement {
  if (result.what === 'stopped') return stopView(result, words, actions)
  const { check } = words
  const article = el('article', { class: 'result' })
  if (told === undefined) return article
  const exit = result.what === 'report' ? result.report.what : result.refusal.code
  article.dataset['what'] = exit
  article.dataset['faults'] = told.faults.map(({ code }) => code).join(' ')
  article.dataset['codes'] = [...told.faults, ...told.unjudged].map(({ code }) => code).join(' ')
  article.append(headline(told.outcome.kind, told.title, told.sentence))
  for (const notice of told.notices) article.append(el('p', { class: 'notice', role: 'note' }, nameText(notice)))
  article.append(el('p', { class: 'subject' }, `${told.subject.label}: `, nameText(told.subject.value)))
  if (result.what === 'report' && result.beside !== undefined) article.append(result.beside)
  for (const line of told.summary) article.append(el('p', {}, nameText(line)))
  article.append(...findings(told.faults, words), ...findings(told.unjudged, words))
  article.append(...facts(check.who, told.who), ...facts(check.when, told.when), ...facts(check.word, told.word))
  if (told.limits.length > 0) article.append(list(check.notShown, told.limits, 'limits'))
  if (told.later.length > 0) article.append(list(check.laterEvents, told.later, 'later'))
  const mayAsk = result.what === 'refused' ? result.refusal.code === 'receipt-not-found' : told.later.length > 0
  if (mayAsk && actions.askLedger !== undefined)
    article.append(
      el(
        'p',
        { class: 'asks' },
        button(words.page.askLedger, actions.askLedger, { class: 'ask' }),
        ' ',
        el('small', {}, words.page.askLedgerHint),
      ),
    )
  if (result.what === 'report' && result.policy !== undefined) article.append(policyView(result.policy, words, actions))
  if (doesHold(result) && actions.saveCertificate !== undefined)
    article.append(certificateView(result, actions.saveCertificate, words))
  if (told.files.length > 0) article.append(filesView(told, words))
  if (told.steps.length > 0) article.append(stepsView(told, words))
  return article
}

function certificateView(
  result: HoldingResult,
  save: NonNullable<Actions['saveCertificate']>,
  { page, check }: Words,
): HTMLElement {
  const said = el('div', { role: 'status' })
  const failed = (error: unknown): void => {
    const refusal = error instanceof EvidenceError ? error : undefined
    const message = refusal?.message ?? String(error)
    fill(
      said,
      el(
        'div',
        { class: 'finding', 'data-code': refusal?.code },
        el(
          'p',
          {},
          page.certificateFailed,
          ' ',
          refusal === undefined ? page.tryAgain : check.topic[topicOf(refusal.code)],
        ),
        el('p', { class: 'detail', lang: 'en' }, nameText(visible(message)), ' ', el('code', {}, refusal?.code)),
      ),
    )
  }
  const press = (): void => {
    fill(said, el('p', {}, page.certificateMaking))
    save(result).then(() => fill(said, el('p', {}, page.certificateMade)), failed)
  }
  return el(
    'section',
    { class: 'asks make-certificate' },
    button(page.certificate, press),
    ' ',
    el('small', {}, page.certificateHint),
    said,
  )
}

function facts(title: string, lines: readonly Fact[]): HTMLElement[] {
  if (lines.length === 0) return []
  const table = el('dl')
  for (const { label, value, isHash } of lines)
    table.append(el('dt', {}, nameText(label)), el('dd', {}, isHash === true ? hashText(value) : nameText(value)))
  return [el('section', { class: 'facts' }, el('h3', {}, title), table)]
}

function list(title: string, lines: readonly string[], name: string): HTMLElement {
  const items = lines.map((line) => el('li', { dir: 'auto' }, line))
  return el('section', { class: name }, el('h3', {}, title), el('ul', {}, ...items))
}

function findings(found: readonly ToldFinding[], { check }: Words): HTMLElement[] {
  return found.map(({ code, sentence, message, file, where, expected, found: seen }) =>
    el(
      'div',
      { class: 'finding', 'data-code': code },
      el('p', {}, sentence),
      el(
        'p',
        { class: 'detail', lang: 'en' },
        file === undefined ? undefined : nameText(`${file}: `),
        el('span', { dir: 'auto' }, message),
        ' ',
        el('code', {}, code),
      ),
      expected === undefined
        ? undefined
        : el(
            'dl',
            {},
            el('dt', {}, `${where ?? ''} ${check.facts.expected}`),
            el('dd', {}, hashText(expected)),
            el('dt', {}, check.facts.found),
            el('dd', {}, hashText(seen ?? '-')),
          ),
    ),
  )
}

function policyView(choice: PolicyChoice, { check }: Words, actions: Actions): HTMLElement {
  const { policy } = check
  const said = el('p', { 'aria-live': 'polite' })
  const isOwn = choice.source === 'kept' || choice.source === 'builtIn'
  const { keepPolicy } = actions
  const keepIt =
    keepPolicy === undefined
      ? el('small', {}, policy.fromDisk)
      : button(policy.keep, () => said.replaceChildren(keepPolicy(choice) ? policy.kept2 : policy.notKept))
  return el(
    'section',
    { class: `policy ${choice.source}`, 'data-source': choice.source },
    el('h3', {}, policy.title),
    el('p', {}, policy[choice.source]),
    el('p', {}, `${policy.fingerprint}: `, fingerprintText(choice)),
    isOwn ? undefined : el('p', {}, el('small', {}, policy.compare)),
    isOwn ? undefined : el('p', {}, keepIt),
    choice.source === 'kept'
      ? el(
          'p',
          {},
          button(policy.forget, () => actions.forgetPolicy(choice)),
        )
      : undefined,
    said,
  )
}

function fingerprintText({ bytes }: PolicyChoice): HTMLElement {
  return el('code', { class: 'fingerprint', dir: 'ltr', translate: 'no' }, policyFingerprint(bytes))
}

function stopView(result: Result & { what: 'stopped' }, { check }: Words, { choosePolicy }: Actions): HTMLElement {
  const { origin, kept, offered } = result
  const { policy } = check
  return el(
    'article',
    { class: 'result stopped', role: 'alert', 'data-what': 'stopped' },
    el(
      'header',
      { class: 'verdict broken', 'data-outcome': 'stopped' },
      el('span', { class: 'mark', 'aria-hidden': 'true' }, '■'),
      el('h2', {}, policy.differsTitle),
    ),
    el('p', {}, policy.differs(visible(origin))),
    el('p', {}, `${policy.kept}: `, fingerprintText(kept)),
    el('p', {}, `${policy[offered.source]}: `, fingerprintText(offered)),
    el(
      'p',
      {},
      button(policy.useKept, () => choosePolicy(origin, kept)),
      ' ',
      button(policy.useOffered, () => choosePolicy(origin, offered)),
    ),
  )
}

function filesView({ files }: Told, { check }: Words): HTMLElement {
  const rows = files.map(({ name, state, isFine }) =>
    el('tr', { class: isFine ? 'fine' : 'bad' }, el('td', {}, nameText(name)), el('td', {}, state)),
  )
  return el(
    'details',
    { class: 'files' },
    el('summary', {}, check.facts.folder),
    el('table', {}, el('tbody', {}, ...rows)),
  )
}

/** Paper has no folds: while the page is printed all of every result stands open. */
export function showWhole(): void {
  let folded: readonly HTMLDetailsElement[] = []
  addEventListener('beforeprint', () => {
    folded = [...document.querySelectorAll<HTMLDetailsElement>('.results details:not([open])')]
    for (const one of folded) one.open = true
  })
  addEventListener('afterprint', () => {
    for (const one of folded) one.open = false
    folded = []
  })
}

function stepsView({ steps, path }: Told, { check }: Words): HTMLElement {
  const items = steps.map(({ text, state, word }) =>
    el('li', { class: state }, el('span', {}, text), ': ', el('strong', {}, word)),
  )
  return el(
    'details',
    { class: 'steps' },
    el('summary', {}, check.steps),
    el('ol', {}, ...items),
    path.length === 0 ? undefined : el('figure', {}, el('figcaption', {}, check.picture), picture(path)),
  )
}
